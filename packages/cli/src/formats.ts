export {
  bytes, json, list, localDirectory, localFile, ndarray, npy, optional, settled, storedDirectory, storedFile, text, type ArtifactDirectory, type ArtifactFile, type NdArray, type Settled,
} from "@mlstack/pipeline";
