// From nothing to the first record, at rest, and back again after a stop and after a kill with data in the log.

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, diskSize, residentSize } from '../sampler.ts'
import type { Figures } from '../statistics.ts'
import { Admin } from './admin.ts'
import { BrokerProcess, type Kind } from './broker.ts'
import { restarted } from './partitions.ts'
import { produce, usual } from './produce.ts'

const settleMs = 5000
const idleMs = 8000
const data = { topic: 'data', partitions: 12, acks: -1, recordSize: 1024, batchSize: 131_072, connections: 2 }
const dataSize = 500e6

export async function cold(kind: Kind): Promise<Figures> {
  const broker = new BrokerProcess(kind)
  try {
    const metadataMs = await broker.start()
    const metadataAt = performance.now()
    const one = { ...usual, topic: 'first', partitions: 1, acks: -1, recordSize: 100, batchSize: 1, connections: 1 }
    const admin = new Admin(broker.bootstrap)
    await admin.topic(one.topic, one.partitions)
    await produce(broker.bootstrap, { ...one, inFlight: 1, maxBytes: 100 })
    const figures: Figures = {
      'start to Metadata ms': metadataMs,
      'start to first record ms': metadataMs + performance.now() - metadataAt,
      'start CPU s': cpuSeconds(broker.pid),
    }
    admin.close()
    await sleep(settleMs)
    const cpu = cpuSeconds(broker.pid)
    await sleep(idleMs)
    figures['idle cores'] = (cpuSeconds(broker.pid) - cpu) / (idleMs / 1000)
    figures['idle MB'] = residentSize(broker.pid) / 1e6
    figures['disk MB'] = (await diskSize(broker.dataDir)) / 1e6
    return figures
  } finally {
    await broker.dispose()
  }
}

/** With 500 MB in twelve partitions. */
export async function again(kind: Kind): Promise<Figures> {
  const broker = await BrokerProcess.started(kind)
  try {
    const empty = await diskSize(broker.dataDir)
    const admin = new Admin(broker.bootstrap)
    await admin.topic(data.topic, data.partitions)
    const { bytes = 0 } = await produce(broker.bootstrap, { ...usual, ...data, seconds: 20, maxBytes: dataSize })
    const before = await admin.endOffsets(data.topic, data.partitions)
    const written = (await diskSize(broker.dataDir)) - empty
    admin.close()
    const clean = await restarted(broker, 'SIGTERM', data.partitions, data.topic)
    const stopped = (await diskSize(broker.dataDir)) - empty
    const killed = await restarted(broker, 'SIGKILL', data.partitions, data.topic)
    await sameEnds(broker, before)
    return {
      'disk bytes/byte': written / bytes,
      'disk bytes/byte stopped': stopped / bytes,
      'clean restart s': clean,
      'restart after kill -9 s': killed,
    }
  } finally {
    await broker.dispose()
  }
}

async function sameEnds(broker: BrokerProcess, before: ReadonlyMap<number, number>): Promise<void> {
  const admin = new Admin(broker.bootstrap)
  const after = await admin.endOffsets(data.topic, data.partitions)
  admin.close()
  for (const [partition, offset] of before) {
    if (after.get(partition) !== offset)
      throw new Error(`partition ${partition} ends at ${after.get(partition)}, not ${offset}`)
  }
}
