// Weights of the linear models: how they were found stands in docs/decisions/0010.

/** Order: features.ts */
export const candidateWeights: readonly number[] = [3.7, 1.1, 2.2, 1.3, 0.74, 0.74, 1]

/** Order: pieces.ts */
export const pieceWeights: readonly number[] = [
  1.51, 2.14, 0.85, 1.33, 0.93, 1.29, -0.01, -0.65, 0.57, -0.31, 0.43, -0.11, -0.31, -0.18, 0.91,
]

/** Order: evidence.ts */
export const evidenceWeights: readonly number[] = [-0.45, 1.12, 0.77, 0.31, 3.53, 0.34]
export const evidenceBias = -2.95
