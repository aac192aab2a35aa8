// What Slack's packages say of themselves goes to our log. At debug they write whole messages: that goes nowhere.
import { type Logger, LogLevel } from '@slack/web-api'
import type { Log } from '../../core/log.ts'

export function slackLogger(log: Log): Logger {
  const warn = (...said: readonly unknown[]) => log.warn(`slack: ${String(said[0]).slice(0, 200)}`)
  return {
    debug: () => {},
    info: () => {},
    warn,
    error: warn,
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  }
}
