/*
 * about: what this is, and how programs talk to it.
 */
import { h, facts, card } from './dom.js';
import { ask, request, session } from './api.js';
import { line } from './command.js';

export default async function about() {
	const [cluster, api] = await Promise.all([ask('cluster show'), request('GET', '/api/v1/openapi.json').then((r) => r.doc, () => ({}))]);
	return [h('div.split', card('trustlist', facts([['Version', api.info?.version], ['Cluster', cluster.cluster], ['Release it behaves as', cluster.release], ['Session ends', session.expires], ['Licence', 'Apache License 2.0; no warranty']]),
		h('p', 'Stands in for the phone-security side of a Unified Communications Manager cluster. It is no product of Cisco; names of theirs are used so that those who know theirs find their way.')),
	card('API', h('p', 'Every verb of the command line is a route under ', h('code', '/api/v1'), '. Read as OpenAPI: ', h('a', { href: '/api/v1/openapi.json' }, 'openapi.json'), '. For health and metrics: ', h('a', { href: '/healthz' }, '/healthz'), ', ', h('a', { href: '/readyz' }, '/readyz'), ', ', h('a', { href: '/metrics' }, '/metrics'), '.'),
		line(`curl --cacert tomcat.pem -H "Authorization: Bearer $TOKEN" ${location.origin}/api/v1/service/list`, 'a first request')))];
}
