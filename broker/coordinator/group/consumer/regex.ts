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

/**
 * UTF-16 units. It takes 0.1 s to read one of this length, in the worst case, while everybody waits; Kafka has no
 * limit, and names of topics have 249.
 */
const MAX_LENGTH = 4096

/** Null: valid; else what is wrong, as Kafka words it. */
export function regexFault(regex: string): string | null {
  if (regex.length > MAX_LENGTH) {
    return `SubscribedTopicRegex has ${regex.length} characters, of which ${MAX_LENGTH} are allowed.`
  }
  const compiled = compile(regex)
  if (typeof compiled !== 'string') return null
  return `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${compiled}.`
}

/** Whether an expression matches a whole name; an invalid one, as another broker may have let in, matches nothing. */
export function regexMatcher(regex: string): (name: string) => boolean {
  const compiled = regex.length > MAX_LENGTH ? 'too long' : compile(regex)
  return typeof compiled === 'string' ? () => false : (name) => compiled.matches(name)
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
