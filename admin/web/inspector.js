/*
 * inspector: any trust list, signed file or certificate, shown byte by byte; it goes on after the
 * first thing that is wrong.
 */
import { h, replace, facts, grid, region, common, bytesOfBase64, counted, day, card, later } from './dom.js';
import { ask } from './api.js';
import { problemBox, fileOf } from './dialog.js';
import { asCommand } from './command.js';
import { hexPane } from './lists.js';

function elements(doc, bytes, pane) {
	const row = (e) => {
		const tr = h(`tr${e.problem ? '.bad' : ''}`, h('td.n', e.offset), h('td.n', e.length),
			h('td', '\u00a0'.repeat(e.depth * 3), h('button.sort', { type: 'button', title: 'Show its bytes', onclick: () => { replace(pane, hexPane(bytes, e.offset, Math.max(1, e.length))); } }, e.name)), h('td.mono', e.value), h('td', e.problem));

		return tr;
	};

	return h('div.port', region('Elements'), grid('Elements', ['#Offset', '#Length', 'Element', 'Value', 'Problem'], doc.elements.map(row)));
}

function show(doc, bytes) {
	const pane = h('div', hexPane(bytes));

	return [card(doc.file, facts([['Format', doc.format], ['Size', `${doc.size} bytes`], ['Problems', doc.problems > 0 ? h('span.bad', counted(doc.problems, 'problem')) : h('span.good', 'none')], ['Signed by record', doc.signer_record], ...doc.elements.filter((e) => e.problem).map((e) => [`At byte ${e.offset}`, h('span.bad', `${e.name}: ${e.problem}`)])])),
		doc.records?.length ? card(counted(doc.records.length, 'record'), h('ul.tree', doc.records.map((r) => h('li', h('details', h('summary', h('strong', `${r.record}. ${r.role}`), ` ${common(r.subject)}`),
			facts([['Subject', r.subject], ['Issuer', r.issuer], ['Serial number', h('code', r.serial)], ['Valid', r.not_before && [day(r.not_before), ' to ', day(r.not_after)]], ['SHA-1', r.sha1 && h('code', r.sha1)], ['SHA-256', r.sha256 && h('code', r.sha256)]])))))) : null,
		card('Bytes', pane), card('Elements', elements(doc, bytes, pane))];
}

export default async function inspector(route) {
	const place = later(), command = h('div');

	async function inspect(file) {
		replace(place, h('p.dim', 'Looking …'));
		try {
			const doc = await ask('file inspect', { file });

			replace(place, show({ ...doc, file: file.name }, bytesOfBase64(file.base64)));
		} catch (e) {
			replace(place, problemBox(e));
		}
		replace(command, asCommand('file inspect', { file }));
	}

	const pick = h('input', { type: 'file', id: 'pick', onchange: async () => pick.files[0] && inspect(await fileOf(pick.files[0])) });
	const drop = h('div.drop', { ondragover: (e) => { e.preventDefault(); drop.classList.add('over'); }, ondragleave: () => drop.classList.remove('over'), ondrop: async (e) => {
		e.preventDefault();
		drop.classList.remove('over');
		if (e.dataTransfer.files[0])
			inspect(await fileOf(e.dataTransfer.files[0]));
	} }, h('p', h('strong', 'Drop a file here')), h('p', h('label', { for: 'pick' }, 'or choose one: '), pick), h('p.dim', 'CTL and ITL files, .sgn and .enc.sgn, certificates, requests. No private keys.'));
	const left = route.q.get('from') === 'lists' && sessionStorage.getItem('inspect');

	if (left)
		inspect(JSON.parse(left));
	return [drop, place, command];
}
