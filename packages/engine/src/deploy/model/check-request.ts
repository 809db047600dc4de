import { checkTensor, nameList, type Tensor } from "@mlstack/core";
import { deployFault } from "../deploy-fault.ts";
import type { TensorMetadata } from "./messages.ts";

/** Compares a request with what a model declares. Throws `invalid`. */
export function checkRequest(given: readonly Tensor[], declared: readonly TensorMetadata[]): void {
  const bad = (message: string) => deployFault("invalid", message);
  const names = nameList(declared.map((d) => d.name));
  for (const tensor of given) {
    const of = declared.find((d) => d.name === tensor.name);
    if (of === undefined) throw bad(`there is no input ${JSON.stringify(tensor.name)}; the model takes ${names}`);
    if (given.filter((t) => t.name === tensor.name).length > 1) throw bad(`the input ${JSON.stringify(tensor.name)} is given twice`);
    if (tensor.datatype !== of.datatype) throw bad(`the input ${JSON.stringify(tensor.name)} is ${tensor.datatype}, and the model takes ${of.datatype}`);
    if (tensor.shape.length !== of.shape.length || of.shape.some((n, i) => n !== -1 && n !== tensor.shape[i])) throw bad(`the input ${JSON.stringify(tensor.name)} has the shape [${tensor.shape.join(", ")}], and the model takes [${of.shape.join(", ")}]; -1 is any size`);
    const fault = checkTensor(tensor);
    if (fault !== undefined) throw bad(fault);
  }
  const missing = declared.filter((d) => !given.some((t) => t.name === d.name)).map((d) => d.name);
  if (missing.length > 0) throw bad(`the input ${nameList(missing)} is missing; the model takes ${names}`);
}
