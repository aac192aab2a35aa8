// Ends the reading process when it takes more memory than it may: V8 limits its own objects only, and what a parser
// inflates are buffers beside them.
const LOOK_EVERY_MS = 50
const limitBytes = Number(process.argv[2]) * 2 ** 20

setInterval(() => {
  if (process.memoryUsage.rss() > limitBytes) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
