// Which library a request is about. The embedded store holds one; asking for another is an honest 404.
import { NotFoundError } from '../../core/errors.ts'

export function libraryOf(asked: string | undefined, served: string): string {
  if (asked === undefined || asked === served) return served
  throw new NotFoundError(
    'unknown-library',
    `There is no library ${JSON.stringify(asked)} here; this one is "${served}".`,
  )
}
