/*
 * tools: ask TVS, boot a virtual phone, check and put signatures, see whether all is well.
 */
import { line } from './command.js';
import { h, facts, grid, region, card } from './dom.js';
import { ask } from './api.js';
import { tool } from './dialog.js';

const answer = (doc, keys) => [doc.error ? h('p.bad', doc.error.message) : null, facts(keys.filter((k) => doc[k] !== undefined).map((k) => [k.replaceAll('_', ' '), String(doc[k])]))];

const boot = (doc) => [h('p', 'Result: ', h(`span.badge.${doc.outcome === 'trusted' ? 'go' : 'no'}`, doc.outcome)),
	h('div.port', region('Files'), grid('Files', ['File', 'Verdict', 'Why', 'Decided by'], (doc.files || []).map((f) => [f.file, h(`span${f.verdict === 'accepted' ? '.good' : f.verdict === 'not-found' ? '' : '.bad'}`, f.verdict), f.why, f.decided_by]))),
	h('h3', 'Its screen'), h('pre.hex', region('Screen of the phone'), (doc.status || []).join('\n'))];

const doctor = (doc) => [grid('Checks', ['Check', 'State', 'Finding', 'To do'], doc.checks.map((c) => [c.check, h(`span.badge.${c.state === 'ok' ? 'go' : /warn/.test(c.state) ? 'mid' : 'no'}`, c.state), c.finding, c.todo])),
facts([['DHCP option 150', doc.dhcp_option_150?.join(', ')], ['DHCP option 66', doc.dhcp_option_66]])];

export default async function tools() {
	const host = (await ask('cluster show', {}, { quiet: true })).nodes[0].address;

	return h('div.split', {},
		tool({ title: 'Query TVS', verb: 'tvs query', ok: 'Query', intro: 'Asks whether phones may trust a certificate, as they do.',
			fields: [{ name: 'host', label: 'TVS', required: true, value: host, help: 'address, or address:port (2445)' }, { name: 'cert', label: 'Certificate', type: 'file' }, { name: 'issuer', label: 'or its issuer', placeholder: 'CN=Berlin-pub;OU=Voice;...' }, { name: 'serial', label: 'and serial number' },
				{ name: 'by-name', label: 'Send only its names and serial number', type: 'checkbox' }],
			params: (v) => ({ ...v, 'by-name': v['by-name'] || undefined }),
			show: (d) => [h('p', 'Verdict: ', h(`span.badge.${d.verdict === 'Valid' ? 'go' : 'no'}`, d.verdict)), answer(d, ['host', 'question', 'status', 'roles', 'ttl', 'server', 'server_sha1', 'tls_version', 'cipher'])] }),
		tool({ title: 'Virtual phone', verb: 'vphone boot', ok: 'Boot', job: true, intro: 'Boots against this cluster, judges what it is served as a real phone does, and remembers it in a folder of the cluster.',
			fields: [{ name: 'name', label: 'Device Name', required: true, value: 'SEP001122334455' }, { name: 'model', label: 'Model', placeholder: '8861', help: 'Without it, the one it remembers; of a new phone 7975' }, { name: 'tftp', label: 'TFTP', required: true, value: host }, { name: 'memory', label: 'Folder of its memory', value: 'SEP001122334455', help: 'letters, digits, . _ -' },
				{ name: 'tamper', label: 'Flip a bit of this file on its way' }], params: (v) => ({ ...v, report: true }), show: boot }),
		tool({ title: 'Verify a file', verb: 'file verify', ok: 'Verify', fields: [{ name: 'file', label: 'Signed file, or list', type: 'file', required: true }, { name: 'with', label: 'With this certificate or list', type: 'file', help: 'Without it a list is checked against itself.' }],
			show: (d) => [h('p', h(`span.badge.${d.error ? 'no' : 'go'}`, d.error ? 'not verified' : 'verified')), answer(d, Object.keys(d).filter((k) => typeof d[k] !== 'object'))] }),
		card('Sign a file', h('p.dim', 'A private key has no business in a browser: on the host.'), line('trustlist file sign FILE --key SIGNER.pem --digest sha1 --out FILE.sgn', 'sign a file')),
		tool({ title: 'Doctor', verb: 'doctor', ok: 'Look whether all is well', job: true, intro: 'Keys, lists, services; virtual phones try each listener.', fields: [{ name: 'offline', label: 'Ask no server, boot no virtual phone', type: 'checkbox' }],
			params: (v) => v.offline ? { offline: true } : {}, show: doctor }));
}
