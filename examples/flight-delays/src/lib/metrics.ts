/** How many rows fell into each cell of the confusion matrix, class 1 being "positive". */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** The scores of a classifier on a test part. */
export interface Evaluation extends Confusion {
  readonly roc_auc: number;
  readonly avg_precision: number;
  readonly f1: number;
  /** The probability from which a row counts as class 1 in `f1` and the counts. */
  readonly threshold: number;
}

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting half.
 * Exact: pairs are counted, nothing is interpolated.
 *
 * @param labels 0 or 1; shape (n)
 * @param scores higher means class 1 is likelier; shape (n)
 * @returns 0 to 1; 0.5 is chance
 * @throws Error on unequal or zero length, a score that is not a number, labels other than 0 and 1, or one class only
 * @see Fawcett 2006, An introduction to ROC analysis, algorithm 2
 */
export function rocAuc(labels: Uint8Array, scores: Float64Array): number {
  const { positives, negatives } = countClasses(labels, scores);
  let positivesAbove = 0;
  let pairs = 0;
  forEachTie(labels, scores, (tiedPositives, tiedNegatives) => {
    pairs += tiedNegatives * (positivesAbove + tiedPositives / 2);
    positivesAbove += tiedPositives;
  });
  return pairs / (positives * negatives);
}

/**
 * Average precision: the sum over distinct scores, from the highest, of precision times the step in recall.
 * Not interpolated; rows of equal score enter together.
 *
 * @param labels 0 or 1; shape (n)
 * @param scores higher means class 1 is likelier; shape (n)
 * @returns above 0, up to 1; the share of class 1 is chance
 * @throws Error as `rocAuc` does
 * @see scikit-learn's average_precision_score, which this agrees with
 */
export function averagePrecision(labels: Uint8Array, scores: Float64Array): number {
  const { positives } = countClasses(labels, scores);
  let tp = 0;
  let seen = 0;
  let sum = 0;
  forEachTie(labels, scores, (tiedPositives, tiedNegatives) => {
    tp += tiedPositives;
    seen += tiedPositives + tiedNegatives;
    sum += (tiedPositives * tp) / seen;
  });
  return sum / positives;
}

/**
 * Counts hits and misses when every score at or above the threshold is called class 1.
 *
 * @param labels 0 or 1; shape (n)
 * @param scores shape (n)
 * @param threshold in the unit of the scores
 * @throws Error as `rocAuc` does
 */
export function confusionCounts(labels: Uint8Array, scores: Float64Array, threshold: number): Confusion {
  const { positives, negatives } = countClasses(labels, scores);
  let tp = 0;
  let fp = 0;
  for (let row = 0; row < labels.length; row++) {
    if (scores[row]! < threshold) continue;
    if (labels[row] === 1) tp++;
    else fp++;
  }
  return { tp, fp, tn: negatives - fp, fn: positives - tp };
}

/** Harmonic mean of precision and recall of class 1, 0 to 1; 0 when there is neither a hit nor a miss to count. */
export function f1Score({ tp, fp, fn }: Pick<Confusion, "tp" | "fp" | "fn">): number {
  const weight = 2 * tp + fp + fn;
  return weight === 0 ? 0 : (2 * tp) / weight;
}

/**
 * All scores at once.
 *
 * @param labels 0 or 1; shape (n)
 * @param scores probability of class 1; shape (n)
 * @param threshold the probability from which a row counts as class 1; default 0.2, about the share of late
 *   flights: few reach 0.5
 * @throws Error as `rocAuc` does
 */
export function evaluateScores(labels: Uint8Array, scores: Float64Array, threshold = 0.2): Evaluation {
  const confusion = confusionCounts(labels, scores, threshold);
  return {
    roc_auc: rocAuc(labels, scores),
    avg_precision: averagePrecision(labels, scores),
    f1: f1Score(confusion),
    threshold,
    ...confusion,
  };
}

function countClasses(labels: Uint8Array, scores: Float64Array): { positives: number; negatives: number } {
  if (labels.length !== scores.length) throw new Error(`There are ${labels.length} labels but ${scores.length} scores.`);
  let positives = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row]! > 1) throw new Error(`Labels must be 0 or 1, got ${labels[row]}.`);
    if (Number.isNaN(scores[row])) throw new Error(`The score of row ${row} is not a number.`);
    positives += labels[row]!;
  }
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) throw new Error(`Both classes are needed, got ${positives} of class 1, ${negatives} of class 0.`);
  return { positives, negatives };
}

/** Visits each distinct score from the highest down, with how many rows of class 1 and of class 0 share it. */
function forEachTie(labels: Uint8Array, scores: Float64Array, visit: (positives: number, negatives: number) => void): void {
  const order = Uint32Array.from(scores, (_, row) => row).sort((a, b) => scores[b]! - scores[a]!);
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at]!];
    let positives = 0;
    const from = at;
    for (; at < order.length && scores[order[at]!] === score; at++) positives += labels[order[at]!]!;
    visit(positives, at - from - positives);
  }
}
