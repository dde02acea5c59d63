/** Software adapters do not always say that they are a fallback. */
export const softwareNames = /swiftshader|llvmpipe|lavapipe|basic render/i;
