// A subscription to metrics of clients: a config resource of the kind client-metrics (KIP-714). `match` says of which
// clients, as patterns of what is known of them; all must match, and none is everyone.

import type { RE2JS } from 're2js'
import { clientMetricsConfigs } from '../config/client-metrics-configs.ts'
import { splitList } from '../config/config-row.ts'

const MATCH_ATTRIBUTES = [
  'client_instance_id',
  'client_id',
  'client_software_name',
  'client_software_version',
  'client_source_address',
  'client_source_port',
] as const
export type MatchAttribute = (typeof MATCH_ATTRIBUTES)[number]

/** What is known of a client. */
export type ClientAttributes = Readonly<Record<MatchAttribute, string>>

const MAX_COMPILED = 1000

/** Instead of names: all metrics. */
export const ALL_METRICS = '*'

export interface Subscription {
  /** Prefixes of names, or ALL_METRICS. */
  readonly metrics: readonly string[]
  readonly intervalMs: number
  readonly match: readonly Pattern[]
}

export interface Pattern {
  readonly attribute: MatchAttribute
  readonly expression: string
}

export function subscriptionOf(values: ReadonlyMap<string, string>): Subscription {
  const text = (name: keyof typeof clientMetricsConfigs): string =>
    values.get(name) ?? clientMetricsConfigs[name].default ?? ''
  const match = splitList(text('match')).flatMap((one) => parsePattern(one) ?? [])
  return { metrics: splitList(text('metrics')), intervalMs: Number(text('interval.ms')), match }
}

/** `attribute=expression`; null when it is not of that form. */
export function parsePattern(text: string): Pattern | null {
  const [name, expression, ...rest] = text.split('=')
  const attribute = MATCH_ATTRIBUTES.find((one) => one === name?.trim())
  if (attribute === undefined || expression === undefined || expression === '' || rest.length > 0) return null
  try {
    // For its syntax alone.
    new RegExp(expression.trim())
    return { attribute, expression: expression.trim() }
  } catch {
    return null
  }
}

/** Holds patterns against what clients say of themselves, in linear time. Loaded when the first pattern comes. */
export class Matcher {
  #engine: typeof RE2JS | null = null
  readonly #compiled = new Map<string, RE2JS | null>()

  async load(): Promise<void> {
    this.#engine ??= (await import('re2js')).RE2JS
  }

  get isLoaded(): boolean {
    return this.#engine !== null
  }

  /** A pattern that cannot be compiled, or not yet, matches nobody. */
  isMatch({ match }: Subscription, client: ClientAttributes): boolean {
    return match.every(({ attribute, expression }) => this.#compile(expression)?.matches(client[attribute]) ?? false)
  }

  #compile(expression: string): RE2JS | null {
    if (this.#engine === null) return null
    let compiled = this.#compiled.get(expression)
    if (compiled === undefined) {
      if (this.#compiled.size >= MAX_COMPILED) this.#compiled.clear()
      compiled = compileWith(this.#engine, expression)
      this.#compiled.set(expression, compiled)
    }
    return compiled
  }
}

function compileWith(engine: typeof RE2JS, expression: string): RE2JS | null {
  try {
    return engine.compile(expression)
  } catch {
    return null
  }
}
