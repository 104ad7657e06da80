// Client telemetry (KIP-714). Kafka answers it only with a receiver of its metrics plugged in; so this is what it does
// without one.

import { type Scenario, type Session, ZERO_UUID } from '../session.ts'

async function telemetry(s: Session): Promise<void> {
  await s.ask('a first time', 'GetTelemetrySubscriptions', 0, { clientInstanceId: ZERO_UUID })
}

export const telemetryScenarios: Readonly<Record<string, Scenario>> = { telemetry }
