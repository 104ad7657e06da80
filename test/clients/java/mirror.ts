// MirrorMaker 2 as it comes, between the broker under test and an Apache Kafka, both ways at once: records and offsets
// of groups are carried over, each as the other cluster counts them.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { realHost } from '../../../host/real/host.ts'
import { WireClient } from '../../wire-client.ts'
import { freePorts } from '../brokers.ts'
import { Child, type Report, sleep, type Target } from '../harness.ts'
import { type Served, served } from '../served.ts'
import { jars, startKafka, toolJvm } from './kafka.ts'

const limitMs = 180_000
const recordCount = 100
const committedOffset = 40

interface Side {
  readonly name: string
  readonly bootstrap: string
  readonly topic: string
  readonly group: string
}

export async function suite(target: Target, report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-mirror-'))
  const [port, controllerPort] = await freePorts(2)
  const kafka = await startKafka(dir, port!, controllerPort!)
  const here: Side = { name: 'milena', bootstrap: target.bootstrap, topic: 'orders-here', group: 'readers-here' }
  const there: Side = { name: 'kafka', bootstrap: `127.0.0.1:${port}`, topic: 'orders-there', group: 'readers-there' }
  let mirror: Child | null = null
  try {
    await report.check('both clusters have records and a group', async () => {
      for (const side of [here, there]) await retry('the load', () => load(side))
    })
    await report.check('MirrorMaker 2 starts', async () => {
      const file = join(dir, 'mirror.properties')
      writeFileSync(file, `${properties(here, there).join('\n')}\n`)
      const main = 'org.apache.kafka.connect.mirror.MirrorMaker'
      mirror = new Child('java', [...toolJvm, '-cp', `${await jars('connect')}/*`, main, file])
    })
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      const way = `from ${from.name} to ${to.name}`
      const last = () => mirror?.lines.slice(-20).join('\n') ?? ''
      await report.check(`records go ${way}`, () => retry(way, () => sameRecords(from, to), last))
      await report.check(`offsets of a group go ${way}`, () => retry(way, () => sameOffset(from, to), last))
    }
  } finally {
    const running: Child | null = mirror
    if (running !== null) await end(running)
    await end(kafka)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function end(child: Child): Promise<void> {
  if (child.running) child.kill('SIGKILL')
  await child.exited()
}

/** As an operator would write it, but for waiting less and having one replica. */
function properties(here: Side, there: Side): string[] {
  const oneReplica = [
    'replication.factor',
    'checkpoints.topic.replication.factor',
    'heartbeats.topic.replication.factor',
  ]
  const storage = ['offset-syncs.topic', 'config.storage', 'offset.storage', 'status.storage']
  const briefly = ['refresh.topics', 'refresh.groups', 'sync.group.offsets', 'emit.checkpoints', 'emit.heartbeats']
  return [
    `clusters = ${here.name}, ${there.name}`,
    ...[here, there].map(({ name, bootstrap }) => `${name}.bootstrap.servers = ${bootstrap}`),
    `${here.name}->${there.name}.enabled = true`,
    `${there.name}->${here.name}.enabled = true`,
    'topics = orders-.*',
    'groups = readers-.*',
    'sync.group.offsets.enabled = true',
    'offset.lag.max = 0',
    'dedicated.mode.enable.internal.rest = false',
    ...oneReplica.map((key) => `${key} = 1`),
    ...storage.map((key) => `${key}.replication.factor = 1`),
    ...briefly.map((key) => `${key}.interval.seconds = 2`),
  ]
}

/** Records one by one, so that each has an offset sync of its own. */
async function load({ bootstrap, topic, group, name }: Side): Promise<void> {
  const kafka = new Kafka({ clientId: 'load', brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const [admin, producer] = [kafka.admin(), kafka.producer()]
  try {
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] })
    await producer.connect()
    for (let number = 0; number < recordCount; number++) {
      await producer.send({ topic, messages: [{ key: `${number}`, value: `${name} ${number}` }] })
    }
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: String(committedOffset) }] })
  } finally {
    await Promise.all([producer.disconnect(), admin.disconnect()])
  }
}

async function look({ bootstrap }: Side): Promise<Served> {
  const [host = '', port] = bootstrap.split(':')
  const client = new WireClient(await realHost().network.connect({ host, port: Number(port) }), 'mirror')
  try {
    return await served(client)
  } finally {
    client.close()
  }
}

const valuesOf = ({ topics }: Served, name: string) => {
  const records = topics.find((topic) => topic.name === name)?.partitions[0]?.read_committed ?? []
  return records.map(([, timestamp, key, value]) => [timestamp, key, value])
}

async function sameRecords(from: Side, to: Side): Promise<void> {
  const sent = valuesOf(await look(from), from.topic)
  assert.equal(sent.length, recordCount)
  assert.deepEqual(valuesOf(await look(to), `${from.name}.${from.topic}`), sent)
}

/** Never beyond what was read there; how near depends on which syncs MirrorMaker has kept. */
async function sameOffset(from: Side, to: Side): Promise<void> {
  const offset = (await look(to)).offsets[from.group]?.[`${from.name}.${from.topic}-0`]
  assert.ok(offset !== undefined && offset > 0 && offset <= committedOffset, `the offset is ${offset}`)
}

async function retry(what: string, attempt: () => Promise<void>, context: () => string = () => ''): Promise<void> {
  const until = performance.now() + limitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > until) {
        const message = error instanceof Error ? error.message : String(error)
        throw new Error(`${what}: not within ${limitMs / 1000} s: ${message}\n${context()}`)
      }
      await sleep(1000)
    }
  }
}
