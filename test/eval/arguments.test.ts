// What stands behind npm run eval: nothing that is given is passed over.
import { describe, expect, it } from 'vitest'
import { readArguments } from '../../eval/arguments.ts'

describe('npm run eval', () => {
  it('reads a command, its files and its options', () => {
    expect(readArguments(['compare', 'a.json', 'b.json'])).toMatchObject({
      name: 'compare',
      files: ['a.json', 'b.json'],
    })
    expect(readArguments(['--half', 'a', '--fresh'])).toMatchObject({ name: '', values: { half: 'a', fresh: true } })
    expect(readArguments(['gate', '--help']).values.help).toBe(true)
  })

  it.each(['--url=http://localhost:1', '--only=kind=list', '--half=a', '--sample=9', '--size=500', '--database=x'])(
    'gates all questions of the pipeline: %s is refused by name',
    (option) => {
      const [name = ''] = option.split('=')
      expect(() => readArguments(['gate', option])).toThrow(`gate does not heed ${name}: it takes --set, --library, `)
    },
  )

  it.each([
    [['compare', '--half', 'a'], 'compare does not heed --half: it takes no option.'],
    [['ablate', '--size', '500'], 'ablate does not heed --size'],
    [['turns', '--database', 'x'], 'turns does not heed --database'],
    [['--baseline', 'x.json'], 'npm run eval does not heed --baseline'],
    [['planted', 'library', '--sample', '9'], 'planted does not heed --sample'],
    [['--url', 'notaurl'], '--url is "notaurl": give an address'],
    [['--url', 'localhost:3000'], '--url is "localhost:3000": give an address'],
    [['--nonsense'], '--nonsense'],
    [['nonsense'], 'npm run eval -- gate'],
  ])('%j is refused: %s', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})
