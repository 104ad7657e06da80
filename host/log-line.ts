// A log event as one readable line:
//
//   2026-11-23T04:30:00.123Z WARN  topic deleted topic=orders partitions=3 reason="by a client"

import type { LogFields, LogLevel } from './host.ts'

/** Longer values are cut: one field (a request's text, say) must not fill the log. */
const maxValueLength = 2000

export function logLine(timeMs: number, level: LogLevel, message: string, fields?: LogFields): string {
  let line = `${new Date(timeMs).toISOString()} ${level.toUpperCase().padEnd(5)} ${oneLine(message)}`
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) line += ` ${key}=${formatValue(value)}`
  }
  return line
}

function formatValue(value: unknown): string {
  let text: string
  if (value instanceof Error) text = value.stack ?? value.message
  else if (value === null || typeof value !== 'object') text = String(value)
  else text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value)
  if (text.length > maxValueLength) text = `${text.slice(0, maxValueLength)}…`
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
