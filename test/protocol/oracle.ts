// Reads what Apache Kafka itself said about its messages (test/oracle), and finds our declarations for it.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { apis } from '../../protocol/apis.ts'
import * as controlRecords from '../../protocol/messages/control-records.ts'
import * as abortedTxn from '../../protocol/messages/files/aborted-txn.ts'
import * as producerSnapshot from '../../protocol/messages/files/producer-snapshot.ts'
import * as quorumState from '../../protocol/messages/files/quorum-state.ts'
import * as classicGroups from '../../protocol/messages/group-state/classic-groups.ts'
import * as consumerGroups from '../../protocol/messages/group-state/consumer-groups.ts'
import * as offsets from '../../protocol/messages/group-state/offsets.ts'
import * as shareGroups from '../../protocol/messages/group-state/share-groups.ts'
import * as streamsGroups from '../../protocol/messages/group-state/streams-groups.ts'
import * as consumerProtocol from '../../protocol/messages/groups/consumer-protocol.ts'
import * as headers from '../../protocol/messages/headers.ts'
import * as brokers from '../../protocol/messages/metadata-log/brokers.ts'
import * as configs from '../../protocol/messages/metadata-log/configs.ts'
import * as security from '../../protocol/messages/metadata-log/security.ts'
import * as topics from '../../protocol/messages/metadata-log/topics.ts'
import * as metadataTransactions from '../../protocol/messages/metadata-log/transactions.ts'
import * as remoteLog from '../../protocol/messages/remote-log/remote-log-metadata.ts'
import * as defaultPrincipal from '../../protocol/messages/security/default-principal.ts'
import * as sharePartitions from '../../protocol/messages/share-state/share-partitions.ts'
import * as transactionLog from '../../protocol/messages/transaction-state/transaction-log.ts'
import { Message } from '../../protocol/schema.ts'

const folder = new URL('../oracle/', import.meta.url)

export interface OracleField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullable?: string
  readonly tag?: number
  readonly default?: unknown
  readonly fields?: readonly OracleField[]
}

export interface OracleSchema {
  readonly name: string
  readonly kind: string
  readonly id: number
  readonly apiKey?: number
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleFrom?: number
  readonly headerVersions?: readonly number[]
  readonly latestVersionUnstable?: boolean
  readonly listeners?: readonly string[]
  readonly fields: readonly OracleField[]
}

export interface Vector {
  readonly message: string
  readonly version: number
  readonly bytes: Uint8Array
  readonly json: unknown
}

export const schemas: readonly OracleSchema[] = parseExact(gunzipped('schemas.json.gz')) as OracleSchema[]

export function* vectors(): Generator<Vector> {
  for (const line of gunzipped('vectors.jsonl.gz').split('\n')) {
    if (line === '') continue
    // Kafka's JSON alone spells these names so; its schemas do not.
    const { message, version, hex, json } = parseExact(line.replaceAll('"kRaftVersion', '"kraftVersion')) as Omit<
      Vector,
      'bytes'
    > & { hex: string }
    yield { message, version, bytes: Buffer.from(hex, 'hex'), json }
  }
}

export function oracleText(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8')
}

function gunzipped(file: string): string {
  return gunzipSync(readFileSync(new URL(file, folder))).toString()
}

/** JSON whose integers beyond 2^53 come out as bigint, from their source text. */
function parseExact(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? BigInt(context?.source ?? value)
      : value,
  )
}

/** Every message that we declare, by name. */
export const messages = new Map<string, Message>()
for (const { request, response } of Object.values(apis)) {
  messages.set(request.name, request)
  messages.set(response.name, response)
}
for (const module of [
  abortedTxn,
  brokers,
  classicGroups,
  configs,
  consumerGroups,
  consumerProtocol,
  controlRecords,
  defaultPrincipal,
  headers,
  metadataTransactions,
  offsets,
  producerSnapshot,
  quorumState,
  remoteLog,
  security,
  shareGroups,
  sharePartitions,
  streamsGroups,
  topics,
  transactionLog,
]) {
  for (const value of Object.values(module)) {
    if (value instanceof Message) messages.set(value.name, value)
  }
}
