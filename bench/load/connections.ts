// Many connections: opened, at rest, then each of them now and then with a record to produce (open loop, acks=1). In
// between others warm the broker up, which is new, so that it has compiled what it needs then.

import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, type Load, residentSize } from '../sampler.ts'
import { Latencies } from '../statistics.ts'
import type { Subject } from './broker.ts'
import { Connection, splitFrames } from './connection.ts'
import { requestFrame } from './frames.ts'
import { type ProduceOptions, produce } from './produce.ts'
import { checkProduced, correlationIdOf } from './produce-answer.ts'
import { nowMs, Pacer } from './schedule.ts'

export interface ConnectionsOptions {
  readonly topic: string
  readonly connections: number
  readonly idleSeconds: number
  readonly activeSeconds: number
  readonly warmUp: Omit<ProduceOptions, 'topic'>
}

/** Connections opened at the same time. */
const dialers = 64
const rate = 1000
const recordSize = 100
const settleMs = 1500
const apiVersionsVersion = 0

export async function connections({ bootstrap, pid }: Subject, options: ConnectionsOptions): Promise<Load> {
  await sleep(settleMs) // what only starting needed is given back
  const before = residentSize(pid)
  const open = new Latencies()
  const active = new Latencies()
  const all: Connection[] = []
  const total = rate * options.activeSeconds
  let pacer: Pacer | undefined
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const onProduced = (frame: Buffer) => {
    checkProduced(frame)
    pacer?.answered(correlationIdOf(frame), (index) => active.add(nowMs() - (pacer?.due(index) ?? 0)))
    if (active.count === total) finish()
  }
  const startedAt = performance.now()
  let next = 0
  const dial = async () => {
    while (next++ < options.connections) {
      const askedAt = performance.now()
      all.push(await greeted(bootstrap, onProduced))
      open.add(performance.now() - askedAt)
    }
  }
  await Promise.all(Array.from({ length: dialers }, dial))
  const figures = { 'open s': (performance.now() - startedAt) / 1000, ...open.figures('open') }

  await sleep(settleMs)
  const [idleAt, cpu] = [performance.now(), cpuSeconds(pid)]
  await sleep(options.idleSeconds * 1000)
  const resident = residentSize(pid)
  const idle = {
    'idle cores': (cpuSeconds(pid) - cpu) / ((performance.now() - idleAt) / 1000),
    'resident MB': resident / 1e6,
    'KB/connection': (resident - before) / 1000 / options.connections,
  }

  const { topic, warmUp } = options
  await produce(bootstrap, { ...warmUp, topic })
  const activeCpu = cpuSeconds(pid)
  const shape = {
    topic,
    acks: 1,
    partitions: warmUp.partitions,
    recordSize,
    rate,
    records: total,
    maxRecordsPerRequest: 1,
  }
  const descriptors = all.map((connection) => connection.descriptor)
  pacer = new Pacer({ ...shape, descriptors, window: options.connections })
  await finished
  await pacer.stop()
  const perRequest = { 'active CPU µs/request': ((cpuSeconds(pid) - activeCpu) * 1e6) / total }
  for (const connection of all) connection.close()
  return { figures: { ...figures, ...idle, ...active.figures('active'), ...perRequest } }
}

/** A connection that has asked for the API versions, as every client does first. */
async function greeted(bootstrap: string, onFrame: (frame: Buffer) => void): Promise<Connection> {
  let greet: () => void = () => {}
  const answered = new Promise<void>((resolve) => {
    greet = resolve
  })
  let take = (_frame: Buffer) => {
    take = onFrame
    greet()
  }
  const connection = await Connection.open(
    bootstrap,
    splitFrames((frame) => take(frame)),
  )
  connection.write(requestFrame('ApiVersions', apiVersionsVersion, {}))
  await answered
  return connection
}
