"""A photo through a camera: convolution with a kernel, exposure, noise, response and JPEG.

Import from here: `convolve.blur`, `camera.Camera`, `degrade`.
"""
