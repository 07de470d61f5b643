/*
 * lab: a cluster of its own for each test, served by the real program, and a browser in front of it.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.TRUSTLIST;
const PASSWORD = 'correct horse battery';

if (!program)
	throw new Error('TRUSTLIST is the path of the program');

/* An address nobody else has: the process number makes it, as in tests/scenario/lab.sh. */
export const addressOf = (n) => `127.${40 + n}.${Math.floor(process.pid / 250) % 250 + 1}.${process.pid % 250 + 1}`;

export class Lab {
	constructor(n = 0) {
		this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trustlist-e2e-'));
		this.root = path.join(this.folder, 'root');
		this.address = addressOf(n);
		this.url = `https://${this.address}:8443/`;
		this.servers = [];
		this.errors = [];
		this.run('cluster', 'init', '--name', 'Lab', '--address', this.address);
		for (const [name, role] of [['anna', 'admin'], ['otto', 'operate'], ['rita', 'read']])
			this.of(['user', 'add', name, '--role', role, '--password-file', '-'], `${PASSWORD}\n`);
	}

	/* trustlist on this cluster; gives what it printed.  status: that it has to end with. */
	of(args, input = '', status = 0) {
		const r = spawnSync(program, ['--root', this.root, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 28 });

		if (r.status !== status)
			throw new Error(`trustlist ${args.join(' ')}: exit status ${r.status}\n${r.stderr}`);
		return r.stdout;
	}

	run(...args) {
		return this.of(args);
	}

	json(...args) {
		return JSON.parse(this.of([...args, '--json']));
	}

	/* A virtual phone boots, tells the cluster what it holds, and ends with this status. */
	boot(name, status = 0, ...more) {
		return this.of(['vphone', 'boot', name, '--tftp', this.address, '--memory', path.join(this.folder, 'phones', name), '--report', this.root, ...more], '', status);
	}

	/* Returns when the services are ready. */
	serve() {
		return new Promise((ready, failed) => {
			const server = spawn(program, ['--root', this.root, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] });
			let log = '';

			this.servers.push(server);
			server.stderr.setEncoding('utf8');
			server.stderr.on('data', (text) => {
				log = (log + text).slice(-20000);
				if (/^ready/m.test(log))
					ready(server);
			});
			server.on('exit', (code) => failed(new Error(`the server ended with ${code}: ${log}`)));
		});
	}

	async close() {
		await this.browser?.close();
		for (const server of this.servers)
			if (server.exitCode === null && server.signalCode === null) {
				const gone = new Promise((over) => server.on('exit', over));

				server.kill();
				await gone;
			}
		fs.rmSync(this.folder, { recursive: true, force: true });
	}

	/* ---- the browser ---- */

	/*
	 * A page of somebody who is logged in.  What the browser complains of is kept in this.errors:
	 * exceptions, refusals by the Content-Security-Policy, failed requests; but that a cluster has no
	 * CTL is said by 404.
	 */
	async page(user = 'anna', options = {}) {
		this.browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
		const context = await this.browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce', ...options });
		const page = await context.newPage();

		page.setDefaultTimeout(30000);
		page.on('pageerror', (e) => this.errors.push(`${page.url()}: ${e.stack}`));
		page.on('console', (m) => {
			if (['error', 'warning'].includes(m.type()) && !/\/ctl\/(show|history|verify|export)/.test(m.location().url))
				this.errors.push(`${page.url()}: ${m.text()} (${m.location().url})`);
		});
		await page.goto(this.url);
		await page.getByLabel('User').fill(user);
		await page.getByLabel('Password').fill(PASSWORD);
		await page.getByRole('button', { name: 'Log in' }).click();
		await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
		await settled(page);
		return page;
	}
}

/* The screen that was asked for is there, and its requests are answered. */
export async function settled(page) {
	await page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('main').hasAttribute('aria-busy'));
}

export async function go(page, route, heading) {
	await page.evaluate((hash) => {
		document.querySelector('main').setAttribute('aria-busy', 'true');
		if (location.hash === hash)
			dispatchEvent(new HashChangeEvent('hashchange'));
		else
			location.hash = hash;
	}, `#/${route}`);
	if (heading)
		await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
	await settled(page);
}

export const screens = [['overview', 'Overview'], ['certificates', 'Certificate Management'], ['certificates/CallManager/CallManager.pem', 'Certificate Management'], ['lists/itl', 'Trust Lists'], ['lists/ctl', 'Trust Lists'],
	['lists/history', 'Trust Lists'], ['parameters', 'Enterprise Parameters'], ['phones', 'Phones'], ['phone/SEP001122334455', 'SEP001122334455'], ['capf', 'CAPF'], ['services', 'Control Center'], ['events', 'Events'],
	['rehearsal', 'Rehearsal'], ['rehearsal/S02', 'Rehearsal'], ['bulk', 'Bulk Certificate Management'], ['inspector', 'File Inspector'], ['tools', 'Tools'], ['users', 'Users and Audit'], ['backup', 'Backup'], ['about', 'About and API']];
