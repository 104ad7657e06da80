// Topics for a load, and their filling.

import { LoadClient } from './load-client.ts'
import { LoadProducer } from './producer.ts'

export async function createTopic(port: number, name: string, numPartitions: number): Promise<void> {
  const client = await LoadClient.connect(port)
  const answer = await client.request('CreateTopics', 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
    validateOnly: false,
  })
  client.destroy()
  if (answer?.topics[0]?.errorCode !== 0) throw new Error(`${name}: ${answer?.topics[0]?.errorMessage}`)
  // The answer means committed; the broker that leads it follows within a moment.
  await new Promise((resolve) => setTimeout(resolve, 200))
}

/** Appends `size` bytes or more to each partition, in batches of `batchSize`. */
export async function fillTopic(
  port: number,
  topic: string,
  partitions: number,
  size: number,
  batchSize: number,
): Promise<LoadProducer[]> {
  const producers: LoadProducer[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const setting = { port, number: 500 + partition, topic, partition, isIdempotent: false, batchSize }
    const producer = await LoadProducer.start({ ...setting, rate: Number.POSITIVE_INFINITY })
    while (producer.acknowledgedCount * batchSize < size) await new Promise((resolve) => setTimeout(resolve, 20))
    await producer.finish(10_000)
    producers.push(producer)
  }
  return producers
}
