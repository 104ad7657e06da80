// Topics, partitions and logs, the disk below them, the cleaner above.

import type { Partition } from '../replication/partition.ts'
import { type Family, family, type MetricType, single } from './exposition.ts'
import type { MetricSources } from './sources.ts'

export function logFamilies(sources: MetricSources): Family[] {
  const { replicas } = sources
  const perLog = (name: string, help: string, value: (partition: Partition) => number): Family =>
    family(name, 'gauge', help, function* () {
      for (const partition of replicas.partitions()) {
        yield { labels: { topic: partition.topic, partition: partition.index }, value: value(partition) }
      }
    })
  return [
    traffic(sources, 'messagesin', 'Records produced.', ({ recordsIn }) => recordsIn),
    traffic(sources, 'bytesin', 'Bytes of records produced.', ({ bytesIn }) => bytesIn),
    traffic(sources, 'bytesout', 'Bytes of records fetched.', ({ bytesOut }) => bytesOut),
    perLog('kafka_log_log_size', 'Bytes of the log.', ({ log }) => log.size),
    perLog('kafka_log_log_logstartoffset', 'The first offset.', ({ log }) => log.logStartOffset),
    perLog('kafka_log_log_logendoffset', 'The offset that comes next.', ({ log }) => log.logEndOffset),
    perLog('kafka_log_log_numlogsegments', 'Segments.', ({ log }) => log.segments.length),
    ...counts(sources),
    ...disk(sources),
  ]
}

type Traffic = Pick<Partition, 'recordsIn' | 'bytesIn' | 'bytesOut'>

/** Without a topic: of all, those deleted since included. */
function traffic({ replicas }: MetricSources, name: string, help: string, value: (from: Traffic) => number): Family {
  return family(`kafka_server_brokertopicmetrics_${name}_total`, 'counter', help, function* () {
    let all = value(replicas.deletedTraffic)
    const byTopic = new Map<string, number>()
    for (const partition of replicas.partitions()) {
      const amount = value(partition)
      all += amount
      if (amount > 0) byTopic.set(partition.topic, (byTopic.get(partition.topic) ?? 0) + amount)
    }
    yield { value: all }
    for (const [topic, amount] of byTopic) yield { labels: { topic }, value: amount }
  })
}

function counts({ replicas, metadata }: MetricSources): Family[] {
  const gauge = (name: string, help: string, value: () => number) => single(name, 'gauge', help, value)
  const partitions = (isCounted: (partition: Partition) => boolean) => () => {
    let count = 0
    for (const partition of replicas.partitions()) if (isCounted(partition)) count++
    return count
  }
  const brokers = (isFenced: boolean) => () => {
    let count = 0
    for (const broker of metadata.image.brokers.values()) if (broker.fenced === isFenced) count++
    return count
  }
  const global = (isCounted: (leader: number) => boolean) => () => {
    let count = 0
    for (const topic of metadata.image.topics.values()) {
      for (const { leader } of topic.partitions) if (isCounted(leader)) count++
    }
    return count
  }
  return [
    gauge(
      'kafka_server_replicamanager_partitioncount',
      'Partitions of this broker.',
      partitions(() => true),
    ),
    gauge(
      'kafka_server_replicamanager_leadercount',
      'Those that it leads.',
      partitions(({ isLeader }) => isLeader),
    ),
    gauge(
      'kafka_server_replicamanager_underreplicatedpartitions',
      'Partitions with fewer replicas in sync than there are.',
      partitions(({ isLeader, isrSize, replicaCount }) => isLeader && isrSize < replicaCount),
    ),
    gauge('kafka_server_replicamanager_offlinereplicacount', 'Partitions in failed log directories.', () => {
      let count = 0
      for (const { name, partitions } of metadata.image.topics.values()) {
        for (let index = 0; index < partitions.length; index++) if (replicas.isOffline(name, index)) count++
      }
      return count
    }),
    gauge(
      'kafka_log_logmanager_offlinelogdirectorycount',
      'Log directories that have failed.',
      () => replicas.offlinePaths.length,
    ),
    family('kafka_log_logmanager_logdirectoryoffline', 'gauge', '1: the log directory has failed.', function* () {
      const paths = new Set([...replicas.directories.map(({ path }) => path), ...replicas.offlinePaths])
      for (const path of paths) {
        yield { labels: { logdirectory: path }, value: replicas.offlinePaths.includes(path) ? 1 : 0 }
      }
    }),
    gauge('kafka_controller_kafkacontroller_activecontrollercount', 'This node is the controller.', () => 1),
    gauge('kafka_controller_kafkacontroller_activebrokercount', 'Brokers that serve.', brokers(false)),
    gauge('kafka_controller_kafkacontroller_fencedbrokercount', 'Brokers that do not.', brokers(true)),
    gauge(
      'kafka_controller_kafkacontroller_globaltopiccount',
      'Topics of the cluster.',
      () => metadata.image.topics.size,
    ),
    gauge(
      'kafka_controller_kafkacontroller_globalpartitioncount',
      'Partitions of the cluster.',
      global(() => true),
    ),
    gauge(
      'kafka_controller_kafkacontroller_offlinepartitionscount',
      'Partitions without a leader.',
      global((leader) => leader < 0),
    ),
  ]
}

function disk({ replicas, environment, cleaner }: MetricSources): Family[] {
  const { commits } = environment
  const count = (name: string, help: string, value: () => number, type: MetricType = 'counter') =>
    single(name, type, help, value)
  return [
    count('milena_log_syncs_total', 'Syncs to disk.', () => commits.startedCount),
    count('milena_log_sync_rounds_total', 'Rounds of syncs that were waited for together.', () => commits.roundCount),
    family('milena_journal_records_total', 'counter', 'Records of the shared journal, one sync each.', function* () {
      for (const { path, journalRecordCount } of replicas.directories) {
        yield { labels: { directory: path }, value: journalRecordCount }
      }
    }),
    count(
      'kafka_log_logcleanermanager_max_dirty_percent',
      'Of the log that needs the cleaner most.',
      () => Math.round(cleaner.dirtiestRatio * 100),
      'gauge',
    ),
    count(
      'kafka_log_logcleanermanager_uncleanable_partitions_count',
      'Logs that the cleaner leaves alone, since they are damaged.',
      () => cleaner.uncleanable.size,
      'gauge',
    ),
    count('milena_cleaner_logs_total', 'Logs cleaned.', () => cleaner.totals.logs),
    count('milena_cleaner_read_bytes_total', 'Bytes that the cleaner has read.', () => cleaner.totals.bytesRead),
    count('milena_cleaner_written_bytes_total', 'Bytes that it has kept.', () => cleaner.totals.bytesWritten),
    count('milena_cleaner_records_read_total', 'Records that it has read.', () => cleaner.totals.recordsRead),
    count('milena_cleaner_records_kept_total', 'Records that it has kept.', () => cleaner.totals.recordsKept),
  ]
}
