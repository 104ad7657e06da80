// Kafka's client metrics subscriptions (KIP-714): which clients are asked for which of their metrics, and how often.

import { int, list } from './config-row.ts'

export const clientMetricsConfigs = {
  'interval.ms': int(300_000),
  match: list(''),
  metrics: list(''),
}
