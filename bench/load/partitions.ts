// A topic of very many partitions: what a client of it meets, on a broker of the case's own, which is then started
// again, after a stop and after a kill.
//
// KB/partition is what another partition takes: what a broker needs until it has run all of that code often is not a
// partition's. Milena's is taken of one more broker, which collects its heap when asked (memory.ts): by itself it gives
// back, at a time of its own, more than thousands of partitions take. With topics of 1,000 partitions V8 optimises that
// code during the second: then 5.3 MB of Node's binary, the compilers, become resident, and 2.9 that they take (smaps).
// So two topics do not count, and those after them are 10,000 partitions together: a thousand are 2.7 MB, which what
// the allocator keeps for itself makes 2 to 4.
//
// Nor is the time a partition's that ext4 takes after another case's directory was removed: for 35 s it does not use
// the inodes again, and each file that is made goes past all of them; 15,000 took 5 s after a removal, measured, and
// 0.35 s without.

import { setTimeout as sleep } from 'node:timers/promises'
import { apis } from '../../protocol/apis.ts'
import type { Memory } from '../memory.ts'
import { cpuSeconds, diskSize, residentSize } from '../sampler.ts'
import { type Figures, Latencies } from '../statistics.ts'
import { Admin } from './admin.ts'
import { BrokerProcess, type Kind } from './broker.ts'
import { Connection, splitFrames } from './connection.ts'
import { type BatchShape, produceFrame, produceVersion, readyBatch } from './frames.ts'
import { Preload } from './preload.ts'

const topic = 'many'
const other = 'more'
const record: BatchShape = { recordSize: 100, count: 1, codec: 'none' }
/** Partitions of one Produce request: a frame of some 50 KB, as clients make them. */
const partitionsPerRequest = 250
/** That are counted for the size of one: with 10,000 more Kafka would have no file handle left (ulimit -n 20000). */
const mostOthers = 5000
/** Of Milena's KB/partition: topics that do not count, and how many partitions do, or those of one topic if more. */
const topicsBefore = 2
const counted = 10_000
const metadataRounds = 50
const settleMs = 2000
const removedMs = 36_000
const retryMs = 10
/** Kafka has made logs for all it can (19,897 with 20,000 file handles), and goes on without the others. */
const stuckMs = 60_000
/** What Kafka answers while a partition it has just promised is not there yet. */
const notYet: ReadonlySet<number> = new Set([3, 5, 6])

export async function partitions(kind: Kind, count: number): Promise<Figures> {
  await sleep(removedMs)
  const broker = await BrokerProcess.started(kind)
  try {
    await sleep(settleMs)
    const rest = {
      resident: residentSize(broker.pid),
      disk: await diskSize(broker.dataDir),
      cpu: cpuSeconds(broker.pid),
    }
    const admin = new Admin(broker.bootstrap)
    const startedAt = performance.now()
    const since = () => (performance.now() - startedAt) / 1000
    const figures: Figures = {}
    await admin.createTopic(topic, count)
    figures['create s'] = since()
    await produceToEach(broker.bootstrap, topic, count)
    figures['create to first produce to each s'] = since()
    await sleep(settleMs)
    figures['MB'] = residentSize(broker.pid) / 1e6
    figures['MB more'] = figures['MB'] - rest.resident / 1e6
    figures['CPU ms/partition'] = ((cpuSeconds(broker.pid) - rest.cpu) * 1000) / count
    figures['disk KB/partition'] = ((await diskSize(broker.dataDir)) - rest.disk) / 1000 / count
    const again = performance.now()
    await produceToEach(broker.bootstrap, topic, count)
    figures['second produce to each s'] = (performance.now() - again) / 1000
    const latencies = new Latencies()
    for (let round = 0; round < metadataRounds; round++) {
      const askedAt = performance.now()
      const { topics } = await admin.ask('Metadata', 9, { topics: [{ name: topic }] })
      latencies.add(performance.now() - askedAt)
      if (topics[0]?.partitions.length !== count) throw new Error(`${topics[0]?.partitions.length} partitions`)
    }
    Object.assign(figures, latencies.figures('metadata'))
    if (kind === 'kafka') {
      const others = Math.min(count, mostOthers)
      figures['KB/partition'] = (await sizeOfOthers(broker, admin, others)) / 1000 / others
    }
    admin.close()
    figures['clean restart s'] = await restarted(broker, 'SIGTERM', count)
    figures['restart after kill -9 s'] = await restarted(broker, 'SIGKILL', count)
    return kind === 'kafka' ? figures : { ...figures, ...(await sizesInMilena(count)) }
  } finally {
    await broker.dispose()
  }
}

async function sizesInMilena(count: number): Promise<Figures> {
  const preload = new Preload('memory.ts')
  const broker = await BrokerProcess.started('milena', preload)
  const sizes: Memory[] = []
  try {
    const admin = new Admin(broker.bootstrap)
    const topics = topicsBefore + Math.ceil(counted / count)
    for (let number = 1; number <= topics; number++) {
      const name = `${topic}-${number}`
      await admin.createTopic(name, count)
      await produceToEach(broker.bootstrap, name, count)
      await sleep(settleMs)
      sizes.push(JSON.parse(await preload.ask(broker)))
    }
    admin.close()
  } finally {
    await broker.dispose()
  }
  const [from, to] = [sizes[topicsBefore - 1]!, sizes.at(-1)!]
  const more = (of: keyof Memory) => (to[of] - from[of]) / 1000 / ((sizes.length - topicsBefore) * count)
  return { 'KB/partition': more('resident'), 'live KB/partition': more('live') }
}

/** Resident bytes that `count` more partitions take, with a record in each; then they go. */
async function sizeOfOthers(broker: BrokerProcess, admin: Admin, count: number): Promise<number> {
  const before = residentSize(broker.pid)
  await admin.createTopic(other, count)
  await produceToEach(broker.bootstrap, other, count)
  await sleep(settleMs)
  const size = residentSize(broker.pid) - before
  await admin.deleteTopic(other)
  await sleep(settleMs)
  return size
}

/** From the start of the process until every partition answers with where it ends. */
export async function restarted(
  broker: BrokerProcess,
  signal: 'SIGTERM' | 'SIGKILL',
  count: number,
  name = topic,
): Promise<number> {
  await broker.stop(signal)
  const startedAt = performance.now()
  await broker.start()
  const admin = new Admin(broker.bootstrap)
  await admin.awaitLeaders(name, count)
  const seconds = (performance.now() - startedAt) / 1000
  admin.close()
  return seconds
}

/** One record to each partition, acks=all, one request in flight; those that are refused are asked again. */
async function produceToEach(bootstrap: string, topic: string, count: number): Promise<void> {
  const records = readyBatch(record)
  let answer: (frame: Buffer) => void = () => {}
  const connection = await Connection.open(
    bootstrap,
    splitFrames((frame) => answer(frame)),
  )
  let left = Array.from({ length: count }, (_, index) => index)
  let progressAt = performance.now()
  while (left.length > 0) {
    const refused: number[] = []
    for (let from = 0; from < left.length; from += partitionsPerRequest) {
      const batches = left.slice(from, from + partitionsPerRequest).map((index) => ({ index, records }))
      const answered = new Promise<Buffer>((resolve) => {
        answer = (frame) => resolve(Buffer.from(frame))
      })
      connection.write(produceFrame({ topic, acks: -1 }, batches))
      refused.push(...refusedIn(await answered))
    }
    if (refused.length < left.length) progressAt = performance.now()
    else if (performance.now() - progressAt > stuckMs) {
      throw new Error(`${refused.length} of ${count} partitions are not there after ${stuckMs / 1000} s`)
    }
    left = refused
    if (left.length > 0) await sleep(retryMs)
  }
  connection.close()
}

function refusedIn(frame: Buffer): number[] {
  const { responses } = apis.Produce.response.decode(frame.subarray(5), produceVersion)
  return responses
    .flatMap((response) => response.partitionResponses)
    .filter(({ errorCode }) => errorCode !== 0)
    .map(({ index, errorCode }) => {
      if (!notYet.has(errorCode)) throw new Error(`partition ${index} is refused with error ${errorCode}`)
      return index
    })
}
