// A weight in the wrong place would go unnoticed: the models would still give numbers.
import { describe, expect, it } from 'vitest'
import { evidenceFeatures, evidenceOf } from '../../../server/answer/evidence.ts'
import { candidateFeatures } from '../../../server/answer/features.ts'
import { pieceFeatures } from '../../../server/answer/pieces.ts'
import { candidateWeights, evidenceWeights, pieceWeights } from '../../../server/answer/weights.ts'

describe('every linear model', () => {
  it('has one weight per feature', () => {
    expect(candidateWeights).toHaveLength(candidateFeatures.length)
    expect(pieceWeights).toHaveLength(pieceFeatures.length)
    expect(evidenceWeights).toHaveLength(evidenceFeatures.length)
    expect(evidenceOf([], [])).toHaveLength(evidenceFeatures.length)
  })
})
