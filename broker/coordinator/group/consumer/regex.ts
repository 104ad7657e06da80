// Regular expressions over topic names, with RE2's syntax and in linear time: RE2JS, a port of the RE2/J that Kafka
// takes. JavaScript's own would track back for as long as a client likes. Loaded when the first one comes: most brokers
// never see any.

import type { RE2JS } from 're2js'

let engine: typeof RE2JS | null = null

export async function loadRegexEngine(): Promise<void> {
  engine ??= (await import('re2js')).RE2JS
}

export function isRegexEngineLoaded(): boolean {
  return engine !== null
}

/** Null: valid; else what is wrong, as Kafka words it. */
export function isRegexValid(regex: string): string | null {
  const compiled = compile(regex)
  if (typeof compiled !== 'string') return null
  return `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${compiled}.`
}

/** The names that an expression matches as a whole; an invalid one matches nothing. */
export function matchingNames(regex: string, names: Iterable<string>): Set<string> {
  const compiled = compile(regex)
  const matched = new Set<string>()
  if (typeof compiled === 'string') return matched
  for (const name of names) if (compiled.matches(name)) matched.add(name)
  return matched
}

function compile(regex: string): RE2JS | string {
  if (engine === null) throw new Error('assertion: an expression is compiled before its engine is loaded')
  try {
    return engine.compile(regex)
  } catch (error) {
    if (error instanceof Error && error.name === 'RE2JSSyntaxException') return descriptionOf(error)
    throw error
  }
}

/** `error parsing regexp: WHAT: `WHERE``, of which Kafka tells the first part. */
function descriptionOf({ message }: Error): string {
  return message.replace(/^error parsing regexp: /, '').replace(/: `.*`$/s, '')
}
