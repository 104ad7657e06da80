// GetTelemetrySubscriptions (71), v0, and PushTelemetry (72), v0. KIP-714: which of its metrics a client shall push,
// and the metrics. State: telemetry/client-telemetry.ts. What comes is shown among the broker's own metrics.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Asker } from '../../telemetry/client-telemetry.ts'
import { handler, type RequestContext } from '../handler.ts'

/** Most wanted first: zstd, lz4, gzip, snappy. */
const COMPRESSION_TYPES = [4, 3, 1, 2]

export const getTelemetrySubscriptions = handler('GetTelemetrySubscriptions', (services, request, context) => {
  const { telemetry } = services
  const found = telemetry.subscribe(request.clientInstanceId, askerOf(context))
  if (typeof found === 'number') {
    return {
      errorCode: found,
      clientInstanceId: ZERO_UUID,
      subscriptionId: 0,
      acceptedCompressionTypes: [],
      pushIntervalMs: 0,
      telemetryMaxBytes: 0,
      deltaTemporality: false,
      requestedMetrics: [],
    }
  }
  return {
    errorCode: ErrorCode.NONE,
    clientInstanceId: found.id,
    subscriptionId: found.subscriptionId,
    acceptedCompressionTypes: COMPRESSION_TYPES,
    pushIntervalMs: found.intervalMs,
    telemetryMaxBytes: telemetry.maxSize,
    deltaTemporality: true,
    requestedMetrics: found.metrics,
  }
})

export const pushTelemetry = handler('PushTelemetry', (services, request, context) => ({
  errorCode: services.telemetry.push(request, askerOf(context)),
}))

function askerOf(context: RequestContext): Asker {
  return {
    client_id: context.clientId ?? '',
    client_software_name: context.clientSoftwareName,
    client_software_version: context.clientSoftwareVersion,
    client_source_address: context.clientHost,
    client_source_port: String(context.clientPort),
    connectionId: context.connectionId,
  }
}
