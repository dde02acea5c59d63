// What is used of the Hub's library, named here so that a bundle that loads this file later carries nothing else of it.
export { listFiles, modelInfo } from '@huggingface/hub';
