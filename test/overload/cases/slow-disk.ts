// Producers at three times what the disk takes, half of them with acks=all, half with acks=1 and no bound on what is in
// flight. They are slowed down; what was acknowledged is there after kill -9.

import { MIB, withBroker } from '../broker-process.ts'
import { type Case, type CaseOptions, judge, PROPERTIES, quantiles } from '../limits.ts'
import { goOn, LoadProducer } from '../producer.ts'
import { createTopic } from '../topic.ts'
import { verifyProduced } from '../verify.ts'

const DISK_RATE = 20 * MIB
const OVERLOAD = 3
const PARTITIONS = 6
const PRODUCERS = 12
const BATCH_SIZE = 256 * 1024
/** What is under way when the load ends may take this long to be answered. */
const FINISH_MS = 60_000
/** On the real disk the log grows by gigabytes a minute. */
const FULL_SPEED_SECONDS = 20

export const slowDiskCase: Case = (options) => produce(options, DISK_RATE, options.minutes * 60)

export const fullSpeed: Case = (options) => produce(options, undefined, FULL_SPEED_SECONDS)

/** `diskRate` undefined: the real disk, as fast as it goes. */
async function produce({ print }: CaseOptions, diskRate: number | undefined, seconds: number): Promise<void> {
  const setting = diskRate === undefined ? {} : { diskRate }
  await withBroker({ properties: PROPERTIES, ...setting }, async (broker) => {
    await createTopic(broker.port, 'load', PARTITIONS)
    const rate = diskRate === undefined ? Number.POSITIVE_INFINITY : (OVERLOAD * diskRate) / PRODUCERS
    const producers = await startProducers(broker.port, 'load', PARTITIONS, PRODUCERS, rate)
    await goOn(producers, seconds)
    await Promise.all(producers.map((producer) => producer.finish(FINISH_MS)))
    tellProduced(producers, seconds, print)
    await judge(broker, { connections: PRODUCERS }, print)
    await broker.kill()
    await broker.start()
    print(`${await verifyProduced(broker.port, producers)} batches are there`)
  })
}

/** The even ones with acks=all. `rate`: bytes per second of each. */
export async function startProducers(
  port: number,
  topic: string,
  partitions: number,
  count: number,
  rate: number,
): Promise<LoadProducer[]> {
  const producers: LoadProducer[] = []
  for (let number = 0; number < count; number++) {
    const isIdempotent = number % 2 === 0
    const partition = Math.floor(number / 2) % partitions
    const setting = { port, number, topic, partition, isIdempotent, batchSize: BATCH_SIZE, rate }
    producers.push(await LoadProducer.start(setting))
  }
  return producers
}

/** Prints what they have got; throws when they got an error that no overload may bring. */
export function tellProduced(producers: readonly LoadProducer[], seconds: number, print: (line: string) => void): void {
  for (const isIdempotent of [true, false]) {
    const those = producers.filter(({ setting }) => setting.isIdempotent === isIdempotent)
    const acknowledged = those.reduce((sum, one) => sum + one.acknowledgedCount * one.setting.batchSize, 0)
    const timedOut = those.reduce((sum, { timedOutCount }) => sum + timedOutCount, 0)
    const rate = (acknowledged / MIB / seconds).toFixed(0)
    const gap = Math.max(...those.map(({ longestGapMs }) => longestGapMs)).toFixed(0)
    const answers = quantiles(those.flatMap(({ ackMs }) => ackMs))
    print(
      `acks=${isIdempotent ? 'all' : '1'}: ${rate} MiB/s, ${answers}; ${timedOut} timed out, longest silence ${gap} ms`,
    )
  }
  const errors = new Set(producers.flatMap((producer) => [...producer.errors]))
  if (errors.size > 0) throw new Error(`producers were answered error codes ${[...errors].join(', ')}`)
}
