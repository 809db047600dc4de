import { json, predictor, tensor } from "mlstack";
import { predictProba, type GbdtModel } from "./lib/gbdt.ts";

/**
 * Answers how likely flights are late. `features` are rows as in X_train, its ten columns in their order; `probability` has one value for
 * each row, 0 to 1.
 */
export const delayPredictor = predictor({
  model: json<GbdtModel>(),
  inputs: { features: tensor("FP64", [-1, 10]) },
  outputs: { probability: tensor("FP64", [-1]) },
  predict({ model, inputs: { features } }) {
    const [rows = 0, width = 0] = features.shape;
    const columns = Array.from({ length: width }, (_, column) => Float64Array.from({ length: rows }, (_, row) => features.data[row * width + column]!));
    return { probability: predictProba(model, columns) };
  },
});
