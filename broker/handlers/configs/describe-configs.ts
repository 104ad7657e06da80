// DescribeConfigs (32), v1–4. KIP-133, KIP-226 (synonyms), KIP-569 (type and documentation, v3); of client metrics
// KIP-714, of groups KIP-848. Null keys are all, and so are no keys. What is shown of each kind of resource is told by
// config/describe.ts; documentation is Milena's own.

import type { NamedLogger } from '../../../host/loggers.ts'
import type { ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import {
  CONFIG_SOURCE,
  type DescribedConfig,
  describeBroker,
  describeBrokerDefault,
  describeClientMetricsValues,
  describeGroupValues,
  describeTopicValues,
} from '../../config/describe.ts'
import { type Fault, fault } from '../../controller/decision.ts'
import { topicNameFault } from '../../controller/topic-names.ts'
import { RESOURCE } from '../../metadata/image.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'
import { invalidRequest } from './resources.ts'

type Result = ResponseInputOf<'DescribeConfigs'>['results'][number]

export const describeConfigs = handler('DescribeConfigs', (services, request) => {
  const results = request.resources.map(({ resourceType, resourceName, configurationKeys }): Result => {
    const found = describe(services, resourceType, resourceName)
    if ('errorCode' in found) return { ...found, resourceType, resourceName, configs: [] }
    const keys = (configurationKeys?.length ?? 0) === 0 ? null : new Set(configurationKeys)
    const configs = found
      .filter(({ name }) => keys === null || keys.has(name))
      .map((config) => ({
        ...config,
        synonyms: request.includeSynonyms ? config.synonyms : [],
        // The empty one of a logger is told unasked, as in Kafka.
        documentation: request.includeDocumentation || config.documentation === '' ? config.documentation : null,
      }))
    return { errorCode: ErrorCode.NONE, errorMessage: '', resourceType, resourceName, configs }
  })
  return { throttleTimeMs: 0, results }
})

function describe(services: Services, type: number, name: string): DescribedConfig[] | Fault | NoSuchTopic {
  const { config, metadata, nodeId } = services
  const own = metadata.image.configs.of(type, name)
  switch (type) {
    case RESOURCE.topic: {
      const invalid = topicNameFault(name)
      if (invalid !== null) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
      return metadata.image.topics.byName(name) === undefined ? NO_SUCH_TOPIC : describeTopicValues(config, own)
    }
    case RESOURCE.broker:
      if (name === '') return describeBrokerDefault(config)
      return otherBroker(name, `expected ${nodeId} or empty string`, nodeId) ?? describeBroker(config)
    case RESOURCE.brokerLogger:
      if (name === '') return invalidRequest('Broker id must not be empty')
      return otherBroker(name, `expected ${nodeId}`, nodeId) ?? [...services.loggers].map(describedLogger)
    case RESOURCE.clientMetrics:
      if (name === '') return invalidRequest('Client metrics subscription name must not be empty')
      return describeClientMetricsValues(config, own)
    case RESOURCE.group:
      return name === '' ? invalidRequest('Group name must not be empty') : describeGroupValues(config, own)
    default:
      return invalidRequest(`Unexpected resource type UNKNOWN for resource ${name}`)
  }
}

interface NoSuchTopic {
  readonly errorCode: ErrorCode
  readonly errorMessage: ''
}
const NO_SUCH_TOPIC: NoSuchTopic = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: '' }

const describedLogger = ({ name, level }: NamedLogger): DescribedConfig => ({
  name,
  value: level.toUpperCase(),
  readOnly: false,
  configSource: CONFIG_SOURCE.dynamicBrokerLogger,
  isSensitive: false,
  synonyms: [],
  configType: 0,
  documentation: '',
})

function otherBroker(name: string, expected: string, nodeId: number): Fault | null {
  if (!/^[+-]?\d+$/.test(name)) return invalidRequest(`Broker id must be an integer, but it is: ${name}`)
  return Number(name) === nodeId ? null : invalidRequest(`Unexpected broker id, ${expected}, but received ${name}`)
}
