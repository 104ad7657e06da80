// What must be in a log after an overload: dense offsets, sound checksums, each batch once and in its producer's order,
// and everything acknowledged at the offset that its producer was told.

import { batchBaseTimestamp, batchProducerId } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { LoadClient } from './load-client.ts'
import { type LoadProducer, MAX_BATCHES } from './producer.ts'

const FETCH_SIZE = 4 * 1024 * 1024
/** Of answers without a record although more is there: the broker has no memory for more, for now. */
const MAX_EMPTY_ANSWERS = 100

export function fetchOf(topic: string, partition: number, offset: number, maxBytes: number) {
  const asked = { partition, fetchOffset: BigInt(offset), partitionMaxBytes: maxBytes }
  return {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, partitions: [asked] }],
    forgottenTopicsData: [],
    rackId: '',
  }
}

/** Reads a partition from its beginning to its end; returns the offset there. */
export async function readLog(
  client: LoadClient,
  topic: string,
  partition: number,
  onBatch: (cursor: BatchCursor) => void = () => {},
): Promise<number> {
  const cursor = new BatchCursor()
  let next = 0
  for (let emptyAnswers = 0; emptyAnswers < MAX_EMPTY_ANSWERS; ) {
    const answer = await client.request('Fetch', 11, fetchOf(topic, partition, next, FETCH_SIZE))
    const read = answer?.responses[0]?.partitions[0]
    if (read === undefined || read.errorCode !== 0) throw new Error(`${topic}-${partition}: ${read?.errorCode}`)
    const records = read.records ?? new Uint8Array()
    const view = new DataView(records.buffer, records.byteOffset, records.length)
    cursor.reset(records, view, 0, records.length)
    while (cursor.next()) {
      const where = `${topic}-${partition}: batch at offset ${cursor.baseOffset}`
      if (!cursor.verifyCrc()) throw new Error(`${where}: its checksum is wrong`)
      if (cursor.baseOffset !== next) throw new Error(`${where} stands where ${next} was expected`)
      onBatch(cursor)
      next = cursor.lastOffset + 1
    }
    if (next >= Number(read.highWatermark)) return next
    emptyAnswers = records.length === 0 ? emptyAnswers + 1 : 0
  }
  throw new Error(`${topic}-${partition}: nothing comes after offset ${next}`)
}

/** Throws what is wrong; returns how many batches are there. */
export async function verifyProduced(port: number, producers: readonly LoadProducer[]): Promise<number> {
  const byNumber = new Map(producers.map((producer) => [producer.setting.number, producer]))
  const lastIndexes = new Map<LoadProducer, number>()
  const foundAcknowledged = new Map<LoadProducer, number>()
  const client = await LoadClient.connect(port)
  let batches = 0
  const check = (cursor: BatchCursor): void => {
    const id = batchBaseTimestamp(cursor.view, cursor.position)
    const producer = byNumber.get(Math.floor(id / MAX_BATCHES))
    const index = id % MAX_BATCHES
    const where = `batch ${index} of producer ${Math.floor(id / MAX_BATCHES)} at offset ${cursor.baseOffset}`
    if (producer === undefined || index >= producer.baseOffsets.length) throw new Error(`${where}: nobody sent it`)
    if (batchProducerId(cursor.view, cursor.position) >= 0n !== producer.setting.isIdempotent)
      throw new Error(`${where} has the producer id of another`)
    const last = lastIndexes.get(producer) ?? -1
    if (index !== last + 1) throw new Error(`${where} follows batch ${last}`)
    lastIndexes.set(producer, index)
    const baseOffset = producer.baseOffsets[index]!
    if (baseOffset >= 0 && baseOffset !== cursor.baseOffset)
      throw new Error(`${where} was acknowledged at ${baseOffset}`)
    if (baseOffset >= 0) foundAcknowledged.set(producer, (foundAcknowledged.get(producer) ?? 0) + 1)
    batches++
  }
  const partitions = new Map(producers.map(({ setting }) => [`${setting.topic}-${setting.partition}`, setting]))
  for (const { topic, partition } of partitions.values()) await readLog(client, topic, partition, check)
  client.destroy()
  for (const producer of producers) {
    const found = foundAcknowledged.get(producer) ?? 0
    if (found === producer.acknowledgedCount) continue
    throw new Error(
      `producer ${producer.setting.number}: of ${producer.acknowledgedCount} acknowledged batches ${found} are there`,
    )
  }
  return batches
}
