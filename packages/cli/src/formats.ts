export {
  bytes, json, list, localDirectory, localFile, ndarray, npy, onnxModel, optional, settled, storedDirectory, storedFile, text, type ArtifactDirectory, type ArtifactFile, type NdArray, type Settled,
} from "@mlstack/pipeline";
