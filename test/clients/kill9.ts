// kill -9 of a real broker under load, again and again; then everything acknowledged must be there, and kafkajs must
// read it too.
//
//   node --conditions=milena-source test/clients/kill9.ts --rounds 100 [--seed N]

import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { realHost } from '../../host/real/host.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { topic, Workload } from '../sim/workload.ts'
import { BrokerProcess } from './broker-process.ts'

/** A hundred rounds at full speed are two million records, which this process keeps three times. */
const sizes = [1, 100]

export interface Kill9Report {
  readonly records: number
  readonly givenUp: number
  /** From kill to ready, the longest. */
  readonly slowestStartMs: number
}

export async function runKill9(rounds: number, seed: number, print: (line: string) => void): Promise<Kill9Report> {
  const random = new SeededRandom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'milena-kill9-'))
  const broker = new BrokerProcess(directory)
  let slowestStartMs = 0
  try {
    await broker.start()
    const host = realHost()
    const workload = new Workload(() => host, { host: '127.0.0.1', port: broker.port }, random.fork(), sizes)
    await workload.start()
    for (let round = 1; round <= rounds; round++) {
      await sleep(random.between(1, 1000))
      workload.check()
      await broker.kill('SIGKILL')
      const killedMs = performance.now()
      await broker.start()
      slowestStartMs = Math.max(slowestStartMs, Math.round(performance.now() - killedMs))
      if (round % 10 === 0) print(`${round} rounds`)
    }
    workload.finish()
    while (!workload.isDone) await sleep(20)
    await sleep(500)
    const { logs, records, givenUp } = await workload.verify()
    await verifyWithKafkajs(broker.port, logs)
    await broker.kill('SIGTERM')
    return { records, givenUp, slowestStartMs }
  } finally {
    await broker.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** An independent reader sees the same. */
async function verifyWithKafkajs(port: number, logs: readonly string[][]): Promise<void> {
  const kafka = new Kafka({ clientId: 'kill9', brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'kill9' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const read = logs.map((): string[] => [])
  let missing = logs.flat().length
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      assert.equal(Number(message.offset), read[partition]?.length, 'kafkajs sees dense offsets')
      read[partition]?.push(message.value?.toString() ?? '')
      missing--
    },
  })
  while (missing > 0) await sleep(20)
  await consumer.disconnect()
  assert.deepEqual(read, logs, 'kafkajs reads what is there')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
  })
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const report = await runKill9(Number(values.rounds), Number(values.seed), print)
  print(`${values.rounds} rounds of kill -9, nothing lost, nothing twice: ${JSON.stringify(report)}`)
  process.exit()
}
