// Our declarations against Apache Kafka's own: names, order, types, versions, nullability, tags, defaults; and the
// tables of APIs and error codes.

import t from 'tap'
import { type Api, apiByKey, apis } from '../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import type { Field, Fields } from '../../protocol/field.ts'
import { messages, type OracleField, oracleText, schemas } from './oracle.ts'

type Range = readonly [since: number, until: number]

const END = Number.POSITIVE_INFINITY

function parseRange(text: string): Range {
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), END]
  const [since = '', until = since] = text.split('-')
  return [Number(since), Number(until)]
}

const within = ([since, until]: Range, [from, to]: Range): Range => [Math.max(since, from), Math.min(until, to)]

const said = ([since, until]: Range): string => `${since}-${until === END ? '' : until}`

/** One line for each field, depth first; ours and Kafka's in the same words. */
function describeOurs(fields: Fields, parent: Range, path: string, lines: string[]): void {
  for (const [name, field] of Object.entries(fields)) {
    const range = within([field.since, field.until], parent)
    const nullable = field.nullableSince === END ? 'never' : said(within([field.nullableSince, END], range))
    const fallback = typeof field.default === 'bigint' ? `${field.default}` : JSON.stringify(field.default)
    lines.push(`${path}.${name} ${typeOf(field)} ${said(range)} null ${nullable} tag ${field.tag} default ${fallback}`)
    const inner = field.fields ?? field.element?.fields
    if (inner !== undefined) describeOurs(inner, range, `${path}.${name}`, lines)
  }
}

function typeOf(field: Field): string {
  if (field.type === 'array') return `[]${typeOf(field.element!)}`
  return field.type === 'bool' ? 'boolean' : field.type
}

function describeKafkas(fields: readonly OracleField[], parent: Range, path: string, lines: string[]): void {
  for (const field of fields) {
    const range = within(parseRange(field.versions), parent)
    const nullable = field.nullable === undefined ? 'never' : said(within(parseRange(field.nullable), range))
    // The schemas state null where reflection found no default; where null is not legal there is none.
    const real = field.default !== null || field.nullable !== undefined ? field.default : undefined
    const fallback = typeof real === 'bigint' ? `${real}` : JSON.stringify(real)
    lines.push(
      `${path}.${field.name} ${field.type} ${said(range)} null ${nullable} tag ${field.tag} default ${fallback}`,
    )
    if (field.fields !== undefined) describeKafkas(field.fields, range, `${path}.${field.name}`, lines)
  }
}

t.test('messages', async (t) => {
  t.same([...messages.keys()].sort(), schemas.map((schema) => schema.name).sort(), 'the same ones as Kafka has')
  for (const schema of schemas) {
    const message = messages.get(schema.name)
    if (message === undefined) continue
    const ours = [`versions ${message.minVersion}-${message.maxVersion} flexible ${message.flexibleSince}`]
    const flexible = Math.max(schema.flexibleFrom ?? END, schema.minVersion)
    const kafkas = [`versions ${schema.minVersion}-${schema.maxVersion} flexible ${flexible}`]
    ours.push(`${message.kind} ${message.apiKey}`)
    kafkas.push(`${schema.kind} ${schema.id}`)
    const all: Range = [schema.minVersion, END]
    describeOurs(message.fields, all, schema.name, ours)
    describeKafkas(schema.fields, all, schema.name, kafkas)
    t.same(ours, kafkas, schema.name)
  }
})

t.test('APIs', async (t) => {
  const rows: Api[] = Object.values(apis)
  t.equal(rows.length, 91, 'are all there')
  t.same(
    rows.map((row) => row.key),
    rows.map((row) => row.key).sort((a, b) => a - b),
    'stand in the order of their keys',
  )
  for (const schema of schemas) {
    if (schema.kind !== 'request' && schema.kind !== 'response') continue
    const row = apiByKey(schema.apiKey!)!
    const isRequest = schema.kind === 'request'
    t.equal(schema.name, `${row.name}${isRequest ? 'Request' : 'Response'}`, `${schema.apiKey} is ${row.name}`)
    const headerVersions: number[] = []
    for (let version = row.minVersion; version <= row.maxVersion; version++) {
      headerVersions.push(isRequest ? row.requestHeaderVersion(version) : row.responseHeaderVersion(version))
    }
    t.same(headerVersions, schema.headerVersions, `header versions of ${schema.name}`)
    t.equal(row.latestVersionUnstable, schema.latestVersionUnstable, `stability of ${row.name}`)
    if (schema.listeners !== undefined) {
      t.same(row.listeners, schema.listeners.map((one) => one.toLowerCase()).sort(), `listeners of ${row.name}`)
    }
  }
  const [head = '', ...lines] = oracleText('apis.tsv').trimEnd().split('\n')
  const columns = head.split('\t')
  for (const line of lines) {
    const cells = line.split('\t')
    const cell = (name: string): string => cells[columns.indexOf(name)]!
    const row = apiByKey(Number(cell('api_key')))
    if (row === undefined) t.equal(cell('valid_4.4.0'), 'none', `${cell('name')} is no longer spoken`)
    else {
      t.equal(`${row.forwardable}`, cell('forwardable_4.4.0'), `${row.name} is passed on to the controller or not`)
      t.equal(`${row.clusterAction}`, cell('clusterAction_4.4.0'), `${row.name} is for the cluster itself or not`)
    }
  }
})

t.test('error codes', async (t) => {
  const { errors } = JSON.parse(oracleText('facts.json')) as {
    errors: { name: keyof typeof ErrorCode; code: number }[]
  }
  t.equal(errors.length, 138)
  t.equal(Object.keys(ErrorCode).length, 138, 'are all there')
  for (const { name, code } of errors) {
    t.equal(ErrorCode[name], code, name)
    t.equal(errorName(code), name, `name of ${code}`)
  }
  t.equal(errorName(9999), 'ERROR_9999', 'a code that Kafka does not know still has a name')
})
