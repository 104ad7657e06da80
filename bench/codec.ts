// ns per decode and encode of the messages that a busy broker handles all the time: npm run bench -- codec
//
// Sizes are those of ordinary clients: Metadata of 10 topics × 6 partitions, Produce and Fetch of 10 partitions.

import { apis } from '../protocol/apis.ts'
import type { Input, Message } from '../protocol/schema.ts'
import type { Table } from './table.ts'

const TOPIC_ID = 'dGhpcyBpcyBhIHRvcGljIQ'
const batch = Buffer.alloc(1000, 7)

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const metadataResponse: Input<typeof apis.Metadata.response> = {
  brokers: range(3).map((nodeId) => ({ nodeId, host: `broker-${nodeId}.example.com`, port: 9092 })),
  clusterId: TOPIC_ID,
  controllerId: 1,
  topics: range(10).map((topic) => ({
    errorCode: 0,
    name: `orders-${topic}`,
    topicId: TOPIC_ID,
    partitions: range(6).map((partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1,
      leaderEpoch: 4,
      replicaNodes: [0, 1, 2],
      isrNodes: [0, 1, 2],
    })),
  })),
}

const produceRequest: Input<typeof apis.Produce.request> = {
  acks: -1,
  timeoutMs: 30000,
  topicData: [
    { name: 'orders', topicId: TOPIC_ID, partitionData: range(10).map((index) => ({ index, records: batch })) },
  ],
}

const produceResponse: Input<typeof apis.Produce.response> = {
  throttleTimeMs: 0,
  responses: [
    {
      name: 'orders',
      topicId: TOPIC_ID,
      partitionResponses: range(10).map((index) => ({ index, errorCode: 0, baseOffset: 123456n, logStartOffset: 0n })),
    },
  ],
}

const fetchRequest: Input<typeof apis.Fetch.request> = {
  maxWaitMs: 500,
  minBytes: 1,
  isolationLevel: 0,
  topics: [
    {
      topic: 'orders',
      topicId: TOPIC_ID,
      partitions: range(10).map((partition) => ({ partition, fetchOffset: 1234n, partitionMaxBytes: 1048576 })),
    },
  ],
}

const fetchResponse: Input<typeof apis.Fetch.response> = {
  throttleTimeMs: 0,
  responses: [
    {
      topic: 'orders',
      topicId: TOPIC_ID,
      partitions: range(10).map((partitionIndex) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark: 123456n,
        lastStableOffset: 123456n,
        logStartOffset: 0n,
        abortedTransactions: null,
        records: batch,
      })),
    },
  ],
}

const heartbeatRequest: Input<typeof apis.Heartbeat.request> = {
  groupId: 'payments',
  generationId: 7,
  memberId: 'consumer-payments-1-5f0d3b1c-2f55-4f0c-9c1e-0d8f7f0a1b2c',
}

function nanoseconds(act: () => unknown): number {
  const until = performance.now() + 200
  while (performance.now() < until) for (let index = 0; index < 100; index++) act()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    let count = 0
    while (performance.now() - start < 100) {
      for (let index = 0; index < 100; index++) act()
      count += 100
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / count)
  }
  return Math.round(best)
}

function measure(message: Message, value: Input<Message>, version: number): [string, number, number, number] {
  const bytes = message.encodeBytes(value, version)
  const decode = nanoseconds(() => message.decode(bytes, version))
  const encode = nanoseconds(() => message.encode(value, version))
  return [`${message.name} v${version}`, bytes.byteLength, decode, encode]
}

export function run(): Table[] {
  const rows = [
    measure(apis.Heartbeat.request, heartbeatRequest, 4),
    measure(apis.Metadata.response, metadataResponse, 6),
    measure(apis.Metadata.response, metadataResponse, 13),
    measure(apis.Produce.request, produceRequest, 7),
    measure(apis.Produce.request, produceRequest, 13),
    measure(apis.Produce.response, produceResponse, 7),
    measure(apis.Produce.response, produceResponse, 13),
    measure(apis.Fetch.request, fetchRequest, 11),
    measure(apis.Fetch.request, fetchRequest, 18),
    measure(apis.Fetch.response, fetchResponse, 11),
    measure(apis.Fetch.response, fetchResponse, 18),
  ]
  return [{ title: 'Messages', columns: ['message', 'bytes', 'decode ns', 'encode ns'], rows }]
}
