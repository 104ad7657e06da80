// Batches of all sizes through a whole broker, real sockets and a real disk, with memory that is overwritten as soon as
// everybody has let go of it: whoever lets go too early sends or stores garbage.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Broker } from '../../../broker/broker.ts'
import { realHost } from '../../../host/real/host.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { seed } from '../../host/implementations.ts'
import { Client } from '../harness.ts'

const TOPIC = 'garbage'
const PARTITIONS = 3
const ROUNDS = 40
const SIZES = [10, 100, 5_000, 30_000, 70_000, 200_000, 1_100_000]

const directory = mkdtempSync(join(tmpdir(), 'milena-slabs-'))
t.teardown(() => rmSync(directory, { recursive: true, force: true }))

async function start(): Promise<Broker> {
  return Broker.start({
    host: realHost({ poisonsSlabs: true, logLevel: 'warn' }),
    properties: {
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'log.dirs': directory,
      'message.max.bytes': '3000000',
      'log.segment.bytes': '8000000',
    },
  })
}

async function connect(broker: Broker): Promise<Client> {
  const { host, port } = broker.address
  return new Client(simulate(seed), await realHost().network.connect({ host, port }), 'test')
}

/** Reads the partition from its beginning until it has read `count` records. */
async function readAll(client: Client, index: number, count: () => number): Promise<Uint8Array[]> {
  const values: Uint8Array[] = []
  while (values.length < count()) {
    const answer = await client.send('Fetch', 11, {
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 4_000_000,
      isolationLevel: 0,
      topics: [
        {
          topic: TOPIC,
          partitions: [{ partition: index, fetchOffset: BigInt(values.length), partitionMaxBytes: 2_500_000 }],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
    })
    const { records } = answer!.responses[0]!.partitions[0]!
    for (const { offset, value } of readRecords(records ?? new Uint8Array())) {
      if (Number(offset) === values.length) values.push(new Uint8Array(value ?? []))
    }
  }
  return values
}

t.test(`what is produced is what is read while it is written, and after a restart (seed ${seed})`, async (t) => {
  const random = new SeededRandom(seed)
  const broker = await start()
  const created = await (await connect(broker)).send('CreateTopics', 7, {
    topics: [{ name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
    validateOnly: false,
  })
  t.equal(created?.topics[0]?.errorCode, 0)

  const sent: Uint8Array[][] = Array.from({ length: PARTITIONS }, () => [])
  const produceAll = async (index: number): Promise<void> => {
    const client = await connect(broker)
    const answers: Promise<unknown>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const value = random.fill(new Uint8Array(1 + random.below(SIZES[random.below(SIZES.length)]!)))
      sent[index]?.push(value)
      const answer = client.send('Produce', 9, {
        acks: round % 2 === 0 ? -1 : 1,
        timeoutMs: 10_000,
        topicData: [
          {
            name: TOPIC,
            partitionData: [
              {
                index,
                records: buildBatch({ timestamp: 1_767_225_600_000, records: [{ key: null, value, headers: [] }] }),
              },
            ],
          },
        ],
      })
      answers.push(answer.then((answer) => t.equal(answer?.responses[0]?.partitionResponses[0]?.errorCode, 0)))
      if (round % 4 === 3) await Promise.all(answers.splice(0))
    }
    await Promise.all(answers)
  }
  const check = (index: number, read: readonly Uint8Array[]): void => {
    const wrong = sent[index]!.findIndex(
      (value, offset) => !Buffer.from(value).equals(read[offset] ?? new Uint8Array()),
    )
    t.equal(wrong, -1, `partition ${index}: the first offset that is not what was sent`)
  }

  const indexes = Array.from({ length: PARTITIONS }, (_, index) => index)
  const readers = indexes.map(async (index) => readAll(await connect(broker), index, () => ROUNDS))
  await Promise.all(indexes.map(produceAll))
  for (const [index, read] of (await Promise.all(readers)).entries()) check(index, read)
  await broker.stop()

  const restarted = await start()
  for (const index of indexes) check(index, await readAll(await connect(restarted), index, () => ROUNDS))
  await restarted.stop()
})
