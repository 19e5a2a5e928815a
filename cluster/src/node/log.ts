/** Structured logs: JSON lines on standard output or in a file. Secrets never get here: callers log fields by name. */
import pino from 'pino'

export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal'
export type Log = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void

/** Written synchronously, so that the last line before a crash is there. */
export function openLog(file: string | undefined, base: Readonly<Record<string, unknown>>): Log {
  const destination = pino.destination({ dest: file ?? 1, sync: true, mkdir: true })
  const logger = pino({ base, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return (level, message, fields = {}) => logger[level](fields, message)
}
