"use strict";
for (const box of document.querySelectorAll(".compare")) {
  const samples = [...box.querySelectorAll(".sample")];
  const [which, left, right] = ["which", "left", "right"].map((name) => box.querySelector("." + name));
  const actual = box.querySelector(".actual");

  // shows the chosen two of each sample, the left one on top and cut off at the handle
  function choose() {
    samples.forEach((sample, k) => {
      sample.hidden = which !== null && k !== which.selectedIndex;
      [...sample.querySelectorAll("img")].forEach((image, i) => {
        image.classList.toggle("over", i === left.selectedIndex && i !== right.selectedIndex);
        image.classList.toggle("under", i === right.selectedIndex);
      });
      for (const [choice, place] of [[left, ".of-left"], [right, ".of-right"]]) {
        const data = sample.querySelectorAll("img")[choice.selectedIndex].dataset;
        sample.querySelector(place).textContent = data.note ? data.label + ", " + data.note : data.label;
      }
    });
  }

  for (const sample of samples) {
    const range = sample.querySelector("input"), stage = sample.querySelector(".stage");
    const move = () => {
      stage.style.setProperty("--cut", range.value + "%");
      range.setAttribute("aria-valuetext", Math.round(range.value) + " %");
    };
    range.addEventListener("input", move);
    move();
  }
  for (const choice of [which, left, right]) choice?.addEventListener("change", choose);
  actual.addEventListener("click", () => {
    const pressed = box.classList.toggle("in-pixels");
    actual.setAttribute("aria-pressed", pressed);
    for (const image of box.querySelectorAll("img")) {
      image.style.width = pressed ? image.dataset.pixels + "px" : "";
    }
  });
  choose();
}

const tip = document.getElementById("tip");
function say(event) {
  const text = event.target.dataset?.tip;
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const across = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
  tip.style.left = Math.max(8, across) + "px";
  tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 10) + "px";
}
document.addEventListener("pointerover", say);
document.addEventListener("pointerdown", say);
document.addEventListener("scroll", () => (tip.hidden = true), { passive: true });
