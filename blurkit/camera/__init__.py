"""The camera: convolution with a kernel, exposure, noise, response curve and JPEG.

From outside, import `convolve.blur`, `camera.Camera` and its presets, and `degrade`.
"""
