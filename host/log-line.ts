// A log event as one readable line, or as one object:
//
//   2026-11-23T04:30:00.123Z WARN  topic deleted topic=orders partitions=3 reason="by a client"
//   {"time":"2026-11-23T04:30:00.123Z","level":"warn","message":"topic deleted","topic":"orders","partitions":3,…}

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

export const logFormats = ['text', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

export function jsonLogLine(timeMs: number, level: LogLevel, message: string, fields: LogFields = {}): string {
  const line: Record<string, unknown> = { time: new Date(timeMs).toISOString(), level, message }
  // A field of one of these names must not hide them.
  for (const key in fields) line[key in line ? `${key}_` : key] = jsonValue(fields[key])
  return JSON.stringify(line)
}

/** Numbers and the like stay what they are; everything else is the text of a readable line. */
function jsonValue(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const text = valueText(value)
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text
}

function valueText(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message
  if (value === null || typeof value !== 'object') return String(value)
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value)
}

function formatValue(value: unknown): string {
  let text = valueText(value)
  if (text.length > maxValueLength) text = `${text.slice(0, maxValueLength)}…`
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
