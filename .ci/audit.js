// npm run audit: known holes in what is installed. A high or critical one is a failure; a registry that offers no such
// list, or does not answer, is said and is none: what is not known today says nothing of the code.
import { spawnSync } from 'node:child_process'

const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
const report = read(stdout)
const counts = report?.metadata?.vulnerabilities
if (!counts) {
  process.stdout.write('No audit: the registry offers none.\n')
} else {
  const grave = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) =>
    /^(?:high|critical)$/.test(severity),
  )
  for (const { name, severity } of grave) process.stdout.write(`${severity}: ${name}\n`)
  process.stdout.write(`Audited: ${JSON.stringify(counts)}\n`)
  process.exitCode = grave.length > 0 ? 1 : 0
}

/** Null: it is no report. @param {string} text */
function read(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
