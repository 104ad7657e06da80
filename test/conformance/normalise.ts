// Answers as plain values that two brokers must agree on. What a broker is free to choose is replaced by a name:
//   ids        by kind and order of appearance, so that the same id in two answers is still the same (<memberId 1>)
//   times      that are of today, <time>
//   addresses  ports, directories, free space, prose
// Arrays of structs become objects by their natural key, sorted: in which order brokers list things is their own
// affair.

import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSize,
  verifyCrc,
  viewOf,
} from '../../protocol/records/batch.ts'
import { RECORDS } from '../../protocol/records/layout.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

const idKinds: Readonly<Record<string, string>> = {
  topicId: 'topicId',
  clusterId: 'clusterId',
  memberId: 'memberId',
  leader: 'memberId',
  producerId: 'producerId',
  sessionId: 'sessionId',
  replicaDirectoryId: 'directoryId',
  clientInstanceId: 'clientInstanceId',
  subscriptionId: 'subscriptionId',
}
const absentIds: ReadonlySet<unknown> = new Set(['', ZERO_UUID, -1n, 0, null])
const prose: ReadonlySet<string> = new Set(['errorMessage', 'batchIndexErrorMessage', 'documentation'])
const keys = [
  'name',
  'topicName',
  'topic',
  'groupId',
  'resourceName',
  'partitionIndex',
  'partition',
  'index',
  'apiKey',
  'key',
  'nodeId',
  'brokerId',
  'logDir',
  'groupInstanceId',
  'topicId',
]
const dayMs = 86_400_000n

export class Normaliser {
  readonly #ids = new Map<unknown, string>()
  readonly #counts = new Map<string, number>()
  readonly #now = BigInt(Date.now())
  readonly #bootstrap: string
  readonly #port: string
  readonly #dataDir: string | undefined

  constructor(bootstrap: string, dataDir: string | undefined) {
    this.#bootstrap = bootstrap
    this.#port = bootstrap.split(':')[1]!
    this.#dataDir = dataDir
  }

  /** For an answer whose ids are not seen again: what it knows by now, and no more for it. */
  fork(): Normaliser {
    const fork = new Normaliser(this.#bootstrap, this.#dataDir)
    for (const [id, name] of this.#ids) fork.#ids.set(id, name)
    return fork
  }

  /** `key` is the name of the field that holds the value. */
  plain(value: unknown, key = ''): Plain {
    if (key in idKinds && !absentIds.has(value)) return this.#id(idKinds[key]!, value)
    if (key === 'records')
      return value === null ? null : value instanceof Uint8Array ? this.#batches(value) : String(value)
    if (prose.has(key)) return value === null || value === '' ? value : '<prose>'
    if (typeof value === 'bigint') return this.#number(value, key)
    if (typeof value === 'string') return this.#text(value, key)
    if (typeof value === 'number') return key === 'port' && value > 0 ? '<port>' : value
    if (typeof value === 'boolean' || value === null) return value
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (Array.isArray(value)) return this.#array(value, key)
    if (typeof value === 'object') return this.#struct(value)
    throw new Error(`no plain form of ${typeof value} ${key}`)
  }

  #id(kind: string, value: unknown): string {
    const known = this.#ids.get(value)
    if (known !== undefined) return known
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    const name = `<${kind} ${count}>`
    this.#ids.set(value, name)
    return name
  }

  #number(value: bigint, key: string): Plain {
    if (key === 'totalBytes' || key === 'usableBytes') return value > 0n ? '<bytes>' : Number(value)
    if (key === 'finalizedFeaturesEpoch') return value >= 0n ? '<epoch>' : -1
    if (value > this.#now - dayMs && value < this.#now + dayMs) return '<time>'
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : `${value}`
  }

  #text(value: string, key: string): string {
    if (key === 'logDir' && value !== '') return '<directory>'
    const text = value.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    return this.#dataDir === undefined ? text : text.replaceAll(this.#dataDir, '<directory>')
  }

  /** Undecoded answers have the port in them, too. */
  #bytes(value: Uint8Array): string {
    const port = Number(this.#port).toString(16).padStart(8, '0')
    return Buffer.from(value).toString('hex').replaceAll(port, '<port>')
  }

  #array(values: readonly unknown[], key: string): Plain {
    if (!isStructs(values)) return values.map((value) => this.plain(value, key))
    // Sorted before ids are named, or the names would follow the broker's order.
    const sorted = values.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    const items = sorted.map((value) => this.plain(value))
    // Which key it is depends on the version: a topic's name is empty where its id stands.
    for (const name of keys) {
      const byKey = items.map((item): [string, Plain] => [isPlainStruct(item) ? String(item[name] ?? '') : '', item])
      if (
        new Set(byKey.map(([itemKey]) => itemKey)).size === items.length &&
        byKey.every(([itemKey]) => itemKey !== '')
      )
        return Object.fromEntries(byKey)
    }
    return items
  }

  #struct(value: object): Plain {
    // How often a controller was elected is chance, where the machine is slow.
    if ('currentVoters' in value && 'leaderEpoch' in value && typeof value.leaderEpoch === 'number')
      return this.#struct({ ...value, leaderEpoch: '<epoch>' })
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.plain(member, key)]))
  }

  /** Batches by header, their records as they are; a cut one at the end by its size. */
  #batches(bytes: Uint8Array): Plain {
    const view = viewOf(bytes)
    const batches: Plain[] = []
    let position = 0
    while (bytes.length - position >= RECORDS && bytes.length - position >= batchSize(view, position)) {
      const size = batchSize(view, position)
      batches.push({
        baseOffset: batchBaseOffset(view, position),
        size,
        leaderEpoch: batchLeaderEpoch(view, position),
        magic: batchMagic(view, position),
        crcMatches: verifyCrc(bytes, view, position),
        attributes: batchAttributes(view, position),
        lastOffsetDelta: batchLastOffsetDelta(view, position),
        baseTimestamp: this.#number(BigInt(batchBaseTimestamp(view, position)), ''),
        maxTimestamp: this.#number(BigInt(batchMaxTimestamp(view, position)), ''),
        producerId: this.plain(batchProducerId(view, position), 'producerId'),
        producerEpoch: batchProducerEpoch(view, position),
        baseSequence: batchBaseSequence(view, position),
        count: batchRecordCount(view, position),
        records: Buffer.from(bytes.subarray(position + RECORDS, position + size)).toString('hex'),
      })
      position += size
    }
    if (position < bytes.length) batches.push({ cutAfter: bytes.length - position })
    return batches
  }
}

function sortKey(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (Array.isArray(member) && isStructs(member)) return member.map(sortKey).sort()
    if (key in idKinds && !absentIds.has(member)) return idKinds[key]
    return typeof member === 'bigint'
      ? String(member).padStart(20)
      : typeof member === 'number'
        ? String(member).padStart(12)
        : member
  })
}

function isStructs(values: readonly unknown[]): boolean {
  return typeof values[0] === 'object' && values[0] !== null && !(values[0] instanceof Uint8Array)
}

function isPlainStruct(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Where two plain values differ: `topics[a].errorCode: 3, not 17`. */
export function differences(kafka: Plain | undefined, ours: Plain | undefined, path = ''): Difference[] {
  if (Array.isArray(kafka) && Array.isArray(ours))
    return Array.from({ length: Math.max(kafka.length, ours.length) }, (_, i) =>
      differences(kafka[i], ours[i], `${path}[${i}]`),
    ).flat()
  if (kafka !== undefined && ours !== undefined && isPlainStruct(kafka) && isPlainStruct(ours)) {
    const names = new Set([...Object.keys(kafka), ...Object.keys(ours)])
    return [...names].flatMap((name) => differences(kafka[name], ours[name], `${path}.${name}`))
  }
  return JSON.stringify(kafka) === JSON.stringify(ours) ? [] : [{ path, kafka, ours }]
}

export interface Difference {
  readonly path: string
  readonly kafka: Plain | undefined
  readonly ours: Plain | undefined
}
