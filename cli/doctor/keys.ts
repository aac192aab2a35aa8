// Keys: are they hashed with the secret that is set here?
import type { Config } from '../../core/config.ts'
import { FORMER_SECRET, markOf } from '../../core/keys.ts'
import { secretSet } from '../../store/secret.ts'
import type { Reader } from '../reader.ts'
import { fine, type Finding, wrong } from './finding.ts'

export async function checkKeys(misfits: NonNullable<Reader['misfits']>, config: Config): Promise<Finding> {
  const secret = secretSet(config)
  const found = await misfits(secret && markOf(secret))
  if (found === 0) return fine('none was made with another secret')
  const keys = found === 1 ? '1 key was' : `${found} keys were`
  if (secret === null) return wrong(`${keys} made with a secret, and none is set here`, `${FORMER_SECRET}.`)
  return wrong(
    `${keys} made with another secret than the one that is set here`,
    `${FORMER_SECRET}; or revoke what is not wanted any more: npm run keys -- list`,
  )
}
