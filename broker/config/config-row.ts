// What a configuration key is: a row with type, default, bounds, who may change it while the broker runs, and what it
// does. The tables (tables/, topic-configs.ts, group-configs.ts, client-metrics-configs.ts) are objects of rows; the
// type of `config.get(name)` is inferred from them. Values are kept as text, as they came and as DescribeConfigs shows
// them; parsing and checking follow Kafka's ConfigDef (its error texts too: tools print them).

/** Numbers of DescribeConfigsResponse. */
export const CONFIG_TYPES = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
} as const
export type ConfigType = keyof typeof CONFIG_TYPES

/** What Kafka writes as 9223372036854775807; every value from 2^53 on reads as this: settings are only compared. */
export const UNLIMITED = Number.POSITIVE_INFINITY
const LONG_MAX = 9223372036854775807n

export interface RowOptions {
  /** Bounds, inclusive. */
  readonly min?: number
  readonly max?: number
  /** One more value that is valid, outside the bounds. */
  readonly also?: number
  readonly values?: readonly string[]
  readonly ignoreCase?: true
  readonly nonEmpty?: true
  /** The reason why a text is not valid, or null. */
  readonly check?: (text: string) => string | null
  /** May change while the broker runs: for the whole cluster or one broker, or for one broker only. */
  readonly dynamic?: 'cluster' | 'broker'
  /** Not shown by DescribeConfigs. */
  readonly internal?: true
  /** Of a topic's or a group's config: the server property that it inherits from. */
  readonly server?: string
  /** What the key does in Milena; a row without it is accepted and shown, and does nothing. */
  readonly doc?: string
}

export interface ConfigRow<Value = unknown> extends RowOptions {
  /** For the compiler only. */
  readonly value?: Value
  readonly type: ConfigType
  /** As text; null: there is none. */
  readonly default: string | null
}

export type ConfigTable = { readonly [name: string]: ConfigRow }
export type ValueOf<Row> = Row extends ConfigRow<infer Value> ? Value : never

type Nullable<Default, Value> = Default extends null ? Value | null : Value

function numberRow(type: ConfigType) {
  return <const D extends number | null>(value: D, options: RowOptions = {}): ConfigRow<Nullable<D, number>> => ({
    ...options,
    type,
    default: value === null ? null : formatNumber(type, value),
  })
}

function textRow<Value>(type: ConfigType) {
  return <const D extends string | null>(value: D, options: RowOptions = {}): ConfigRow<Nullable<D, Value>> => ({
    ...options,
    type,
    default: value,
  })
}

export const int = numberRow('INT')
export const short = numberRow('SHORT')
export const long = numberRow('LONG')
export const double = numberRow('DOUBLE')
export const string = textRow<string>('STRING')
export const password = textRow<string>('PASSWORD')
export const className = textRow<string>('CLASS')
/** Values separated by commas. */
export const list = textRow<readonly string[]>('LIST')

export function boolean(value: boolean, options: RowOptions = {}): ConfigRow<boolean> {
  return { ...options, type: 'BOOLEAN', default: String(value) }
}

/** As Java prints it. */
export function formatNumber(type: ConfigType, value: number): string {
  if (type === 'LONG' && value === UNLIMITED) return String(LONG_MAX)
  if (type !== 'DOUBLE') return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) {
    const [digits, exponent] = value.toExponential().split('e')
    return `${digits!.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
  }
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

export function splitList(text: string): string[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(/\s*,\s*/)
}

const RANGES: Partial<Record<ConfigType, readonly [bigint, bigint]>> = {
  SHORT: [-32768n, 32767n],
  INT: [-2147483648n, 2147483647n],
  LONG: [-9223372036854775808n, LONG_MAX],
}

/** The value that a text stands for, without checks of bounds; undefined when it is not of the type. */
export function parseConfig(row: ConfigRow, text: string): unknown {
  const trimmed = text.trim()
  switch (row.type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase()
      return lower === 'true' ? true : lower === 'false' ? false : undefined
    }
    case 'SHORT':
    case 'INT':
    case 'LONG': {
      if (!/^[+-]?\d{1,19}$/.test(trimmed)) return undefined
      const value = BigInt(trimmed.replace('+', ''))
      const [least, most] = RANGES[row.type]!
      if (value < least || value > most) return undefined
      return value > Number.MAX_SAFE_INTEGER ? UNLIMITED : value < Number.MIN_SAFE_INTEGER ? -UNLIMITED : Number(value)
    }
    case 'DOUBLE': {
      const value = trimmed === '' ? Number.NaN : Number(trimmed)
      return Number.isNaN(value) ? undefined : value
    }
    case 'LIST':
      return splitList(trimmed)
    default:
      return trimmed
  }
}

/** A valid text in the form in which Kafka shows the parsed value. */
export function canonicalText(row: ConfigRow, text: string): string {
  const value = parseConfig(row, text)
  switch (row.type) {
    case 'BOOLEAN':
      return String(value)
    case 'SHORT':
    case 'INT':
    case 'LONG':
      return value === undefined ? text : String(BigInt(text.trim().replace('+', '')))
    case 'DOUBLE':
      return typeof value === 'number' ? formatNumber('DOUBLE', value) : text
    case 'LIST':
      return splitList(text).join(',')
    default:
      return text.trim()
  }
}

/** Why a text is not a valid value of the key, in Kafka's form; null when it is valid. */
export function configFault(name: string, row: ConfigRow, text: string): string | null {
  const value = parseConfig(row, text)
  if (value === undefined) return `Invalid value ${text.trim()} for configuration ${name}: ${notOfType(row.type)}`
  const fault = boundsFault(row, value) ?? valuesFault(row, value, text) ?? row.check?.(text.trim()) ?? null
  if (fault === null) return null
  const [shown, reason] = Array.isArray(fault) ? fault : [text.trim(), fault]
  return `Invalid value ${shown} for configuration ${name}: ${reason}`
}

function notOfType(type: ConfigType): string {
  return type === 'BOOLEAN' ? 'Expected value to be either true or false' : `Not a number of type ${type}`
}

function boundsFault(row: ConfigRow, value: unknown): string | null {
  if (typeof value !== 'number' || value === row.also) return null
  if (row.min !== undefined && value < row.min) return `Value must be at least ${row.min}`
  if (row.max !== undefined && value > row.max) return `Value must be no more than ${row.max}`
  return null
}

function valuesFault(row: ConfigRow, value: unknown, text: string): [shown: string, reason: string] | null {
  const given = Array.isArray(value) ? value : [text.trim()]
  if (row.nonEmpty && (given.length === 0 || given[0] === '')) {
    return [text.trim(), row.type === 'LIST' ? 'List must not be empty' : 'String must be non-empty']
  }
  const values = row.values
  if (values === undefined) return null
  for (const one of given) {
    const found = row.ignoreCase ? values.includes(one.toUpperCase()) : values.includes(one)
    if (!found)
      return [one, `String must be one of${row.ignoreCase ? ' (case insensitive)' : ''}: ${values.join(', ')}`]
  }
  if (row.type === 'LIST' && new Set(given).size !== given.length)
    return [text.trim(), 'Duplicate values are not allowed']
  return null
}

/** Of leader.replication.throttled.replicas: `*`, `none`, or PARTITION:BROKER pairs. */
export function throttledReplicas(text: string): string | null {
  const given = splitList(text)
  if (given.length === 0 || text === '*' || text === 'none') return null
  return given.every((one) => /^\d+:\d+$/.test(one))
    ? null
    : 'Must be the literal *, none or a list of partitionId:brokerId'
}

/**
 * Of share.auto.offset.reset (KIP-932): latest, earliest or by_duration: and an ISO 8601 duration that is not negative.
 */
export function offsetReset(text: string): string | null {
  if (text === 'latest' || text === 'earliest') return null
  const duration = /^by_duration:P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,9})?S)?)?$/i
  return duration.test(text) ? null : 'must be earliest, latest or by_duration:PnDTnHnMn.nS'
}
