// Apache Kafka's jars, resolved by Maven into a cache outside the tree, and the tools and the broker started from them.

import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../cache.ts'
import { Child, type RunOptions, run } from '../harness.ts'

/** A folder per content of the pom, complete once it has its final name. */
export async function jars(set: 'tools' | 'broker' | 'streams' | 'connect'): Promise<string> {
  const pom = join(import.meta.dirname, `${set}.xml`)
  const dir = join(
    cacheDir(),
    `kafka-${set}-${createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)}`,
  )
  if (existsSync(dir)) return dir
  const incomplete = `${dir}.${process.pid}`
  mkdirSync(incomplete, { recursive: true })
  cpSync(pom, join(incomplete, 'pom.xml'))
  const args = ['-q', '-B', '-f', join(incomplete, 'pom.xml'), 'dependency:copy-dependencies']
  await run('mvn', [...args, '-DincludeScope=runtime', `-DoutputDirectory=${incomplete}`], { timeoutMs: 600_000 })
  rmSync(join(incomplete, 'pom.xml'))
  renameSync(incomplete, dir)
  return dir
}

// Only where the JVM's time goes: short runs on two cores start faster on the first compiler and the serial collector.
export const toolJvm = ['-Xmx256M', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true']

const mainClasses: Readonly<Record<string, string>> = {
  'kafka-client-metrics': 'org.apache.kafka.tools.ClientMetricsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'kafka-replica-verification': 'org.apache.kafka.tools.ReplicaVerificationTool',
  'kafka-storage': 'kafka.tools.StorageTool',
  'kafka-streams-application-reset': 'org.apache.kafka.tools.StreamsResetter',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-e2e-latency': 'org.apache.kafka.tools.EndToEndLatency',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-groups': 'org.apache.kafka.tools.GroupsCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-console-share-consumer': 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
  'kafka-share-consumer-perf-test': 'org.apache.kafka.tools.ShareConsumerPerformance',
  'kafka-share-groups': 'org.apache.kafka.tools.consumer.group.ShareGroupCommand',
  'kafka-streams-groups': 'org.apache.kafka.tools.streams.StreamsGroupCommand',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
}

/** A tool on one broker; what it prints. */
export type Tool = (tool: string, args: readonly string[], options?: RunOptions) => Promise<string>

export class KafkaTools {
  readonly #classPath: string

  private constructor(classPath: string) {
    this.#classPath = classPath
  }

  static async resolve(): Promise<KafkaTools> {
    return new KafkaTools(`${await jars('tools')}/*`)
  }

  #arguments(tool: string, args: readonly string[]): string[] {
    const main = mainClasses[tool]
    if (main === undefined) throw new Error(`no main class for ${tool}`)
    return [...toolJvm, '-cp', this.#classPath, main, ...args]
  }

  run(tool: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return run('java', this.#arguments(tool, args), options)
  }

  start(tool: string, args: readonly string[]): Child {
    return new Child('java', this.#arguments(tool, args))
  }
}

/**
 * One node, broker and controller in one process, as Apache distributes it but for replication factors of one: the
 * path of its server.properties.
 */
export function writeProperties(dir: string, port: number, controllerPort: number, overrides: readonly string[]) {
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`
  const properties = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `listeners=${listeners}`,
    `advertised.listeners=${listeners}`,
    'inter.broker.listener.name=PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `log.dirs=${join(dir, 'data')}`,
    'offsets.topic.replication.factor=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    ...overrides,
  ]
  const config = join(dir, 'server.properties')
  writeFileSync(config, `${properties.join('\n')}\n`)
  return config
}

export async function startKafka(
  dir: string,
  port: number,
  controllerPort: number,
  overrides: readonly string[] = [],
  jvm: readonly string[] = ['-Xms512M', '-Xmx1G'],
): Promise<Child> {
  const classPath = `${await jars('broker')}/*`
  const config = writeProperties(dir, port, controllerPort, overrides)
  if (!existsSync(join(dir, 'data', 'meta.properties'))) {
    const format = ['format', '--standalone', '--cluster-id', 'MilenaPeerKafkaBrokerA', '--config', config]
    await run('java', [...toolJvm, '-cp', classPath, 'kafka.tools.StorageTool', ...format])
  }
  return new Child('java', [...jvm, '-cp', classPath, 'kafka.Kafka', config])
}
