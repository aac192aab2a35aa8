// The commands there are: what each prints as its help, which options it takes and how many words.
type Rules = {
  readonly help: string
  /** besides `help` */
  readonly options: readonly Option[]
  /** without options; `--all` stands for the one word of verify */
  readonly words: 'some' | 'one' | 'none'
}

export type Option = keyof typeof options

/** As `parseArgs` of node:util wants them. */
export const options = {
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  since: { type: 'string' },
  url: { type: 'string' },
  plan: { type: 'boolean' },
  'allow-deletes': { type: 'boolean' },
  model: { type: 'string' },
  questions: { type: 'string' },
  drop: { type: 'string' },
  switch: { type: 'boolean' },
  back: { type: 'boolean' },
  list: { type: 'boolean' },
  yes: { type: 'boolean' },
  'at-once': { type: 'string' },
  name: { type: 'string' },
  library: { type: 'string' },
  scopes: { type: 'string' },
  expires: { type: 'string' },
  origins: { type: 'string' },
  replace: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export const commands = {
  ask: {
    help: `npm run ask -- "your question" [--json]
  Prints the answer with its footnotes; Ctrl-C stops it and keeps what was said. --json prints the answer object
  (npm run --silent ask -- … for it alone).
  Exit code: 0 answered, 3 not in the library, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    options: ['json', 'library'],
    words: 'some',
  },
  search: {
    help: `npm run search -- "your words" [--json]
  Prints the passages an answer would be made from.
  Exit code: 0 searched, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    options: ['json', 'library'],
    words: 'some',
  },
  ingest: {
    help: `npm run ingest -- [<source, folder or file> …] [--allow-deletes] [--json]
npm run ingest -- --plan [<source, folder or file> …] [--json]
npm run ingest -- undo | cancel [<sync>] [--json]
  Learns what sources.yaml describes (docs/sources.md), those of its sources that are named, or files and folders.
  What is unchanged costs nothing; what is gone from a folder or a source is removed, unless that is more than a fifth
  of it: then, without --allow-deletes, nothing is removed, and where it is a folder nothing is learned either.
  --plan says what would be done, and changes nothing; where nothing is named, of all of sources.yaml, or without one of
  LIBRARY_DIR. undo takes back what a sync changed, the last one without its id (GET /v1/syncs lists them), and counts what was restored and what was
  removed. cancel ends one that runs, in whichever process that is; without an id the only one. Without a terminal a
  line every ten seconds says how far it is.
  Exit code: 0 all learned, 1 some could not be, or more than a fifth is gone and was kept (named with the reason, of
  folders as of sources), or what was to be cancelled had ended, 2 wrong usage or sources.yaml, or no such sync, 130
  stopped by Ctrl-C.`,
    options: ['json', 'plan', 'allow-deletes', 'library'],
    words: 'some',
  },
  reembed: {
    help: `npm run reembed -- --model <model of the provider, or built-in> [--questions <file.jsonl>] [--switch] [--yes] [--json]
npm run reembed -- --back | --list | --drop <model> [--json]
  Changes the embedding model while questions are answered: says what it takes, embeds what has no vector yet, compares
  both on the last questions that were answered (or on those of the file: {"question": "…", "documents": ["a.md"]} a
  line), and with --switch, or when asked on a terminal, searches with the new one from then on. Ctrl-C keeps what was
  embedded. --yes asks nothing before money is spent. --back goes back to the one before, --list tells which there are,
  --drop forgets the vectors of one that is not searched.
  Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    options: ['json', 'model', 'questions', 'drop', 'switch', 'back', 'list', 'yes', 'library'],
    words: 'none',
  },
  worker: {
    help: `npm run worker [-- --at-once <documents>]
  Learns documents from the queue in the database of DATABASE_URL, beside servers and other workers on any number of
  machines, and reads the sources of sources.yaml when their schedules say so. --at-once: how many documents at once, 32
  without it, 32 at most. SIGTERM or Ctrl-C: what it has not finished within seconds is given back.
  Exit code: 0 stopped, 1 failed, 2 wrong usage or configuration.`,
    options: ['at-once'],
    words: 'none',
  },
  status: {
    help: `npm run status [-- --json]
  Says what there is: server, store, library, models, answers, and what was spent today. Changes nothing.
  Exit code: 0 told, 1 the store could not be read, 2 wrong usage or configuration.`,
    options: ['json', 'library'],
    words: 'none',
  },
  doctor: {
    help: `npm run doctor [-- --url <public address>] [--json]
  Checks configuration, data directory, store, index, models, server, and what a proxy at that address (PUBLIC_URL
  without --url) makes of a stream. ✓ fine, ! worth a look, ✗ must be changed, with what to change. Changes nothing;
  asks the configured model for one word.
  Exit code: 0 nothing must be changed, 1 something must, 2 wrong usage.`,
    options: ['json', 'url', 'library'],
    words: 'none',
  },
  keys: {
    help: `npm run keys -- create --name <whose> [--scopes ask,ingest,admin] [--expires 90d] [--library main]
                      [--origins https://docs.example.com] [--json]
npm run keys -- list | revoke <id> | audit [--json]
  Makes a key and shows it once; lists keys; revokes one, which also ends what it has open; tells what was done with
  keys and to the library. --scopes: ask (left out: it alone), ingest, admin. --expires: days (90d, also left out), a day
  (2027-01-31) or never. --origins makes a key for pages of these sites, which everybody can read (docs/widget.md).
  Exit code: 0 done, 1 failed, 2 wrong usage or no such key.`,
    options: ['json', 'name', 'library', 'scopes', 'expires', 'origins'],
    words: 'some',
  },
  verify: {
    help: `npm run verify -- <answer id> | --all [--json]
  Compares the quotes and passages of stored answers with the stored texts, character by character.
  Exit code: 0 all the same, 1 something differs (named with its place) or failed, 2 wrong usage.`,
    options: ['json', 'all', 'library'],
    words: 'one',
  },
  gaps: {
    help: `npm run gaps [-- --since 30d] [--json]
  Says what the library could not answer: questions of the last hours (h), days (d) or weeks (w) that were refused or
  judged badly, by subject, with the document that came nearest. What is asked most is what to learn next.
  Exit code: 0 told, 1 failed, 2 wrong usage.`,
    options: ['json', 'since', 'library'],
    words: 'none',
  },
  backup: {
    help: `npm run backup -- <file> [--json]
  Writes the library as it is at this moment into one file: documents, answers, conversations, keys; of either store,
  also while servers run. A file of this name is replaced once the new one is whole. Not in it: the secret that keys are
  hashed with, who is logged in, the settings (docs/operations.md).
  Exit code: 0 written, 1 failed, 2 wrong usage or nothing to back up, 130 stopped by Ctrl-C.`,
    options: ['json'],
    words: 'one',
  },
  restore: {
    help: `npm run restore -- <file> [--replace] [--json]
  Puts a backup, of either store, into an empty database (DATABASE_URL, or else DATA_DIR) while no server uses it. The
  whole file is checked before, the rows after; where anything is wrong the database stays as it was. --replace drops
  what a database holds that is not empty; without it that is refused, and told.
  Exit code: 0 restored, 1 failed, 2 wrong usage, a damaged or newer file, or a database that is in use or not empty, 130
  stopped by Ctrl-C.`,
    options: ['json', 'replace'],
    words: 'one',
  },
  mcp: {
    help: `npm run --silent mcp
  Speaks the Model Context Protocol over stdin and stdout, for an assistant that starts it; ends when stdin does.
  Exit code: 0 ended, 1 failed, 2 wrong usage, 130 stopped by a signal.`,
    options: ['library'],
    words: 'none',
  },
} as const satisfies Readonly<Record<string, Rules>>

export type Command = keyof typeof commands

const others = `npm start
  Learns library/ and serves the page and the API until Ctrl-C.

npm run eval [-- --help]
  Judges the answers; its own help lists its commands.`

const ofLibrary = `Every command but worker takes --library <name>: which library of the database it is about, in place of LIBRARY.
Without a database of your own (DATABASE_URL) there is one, main.`

/** All of it, for who asks for nothing in particular. */
export const everything = [...Object.values(commands).map(({ help }) => help), others, ofLibrary].join('\n\n')

export function isCommand(name: string): name is Command {
  return Object.hasOwn(commands, name)
}
