// Loaded before a program: at each SIGUSR2 its wall clock jumps by an hour, forward and then back by two, while time goes on.
const jumpsMs = [3_600_000, -7_200_000]
let offsetMs = 0
let count = 0
process.on('SIGUSR2', () => {
  offsetMs += jumpsMs[count++ % 2] ?? 0
  process.stderr.write(`The clock says ${new Date().toISOString()}\n`)
})

globalThis.Date = new Proxy(Date, {
  construct: (target, parts: []) =>
    parts.length === 0 ? new target(target.now() + offsetMs) : (Reflect.construct(target, parts) as Date),
  get: (target, name) => (name === 'now' ? () => target.now() + offsetMs : (Reflect.get(target, name) as unknown)),
})
