"""How a dashboard looks on a page: its one style sheet.

Colours and fonts are JupyterLab's, so that its light and dark themes are followed; the fallbacks are for
front ends that have none.
"""

from __future__ import annotations

__all__ = ["STYLE"]

#: Of a panel and of a still alike.
STYLE = """<style>
.capflow-dashboard, .capflow-still { font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  font-size: 13px; color: var(--jp-ui-font-color1, inherit); max-width: 1680px; overflow: hidden; }
.capflow-row { flex-flow: row wrap !important; align-items: center; gap: 4px 10px; overflow: hidden; }
.capflow-chips { flex-flow: row wrap !important; gap: 4px; overflow: hidden; }
.capflow-chip { border: 1px solid var(--jp-border-color2, #bbb); border-radius: 14px; overflow: hidden; }
.capflow-chip button { width: auto; height: 24px; line-height: 24px; margin: 0; background: transparent;
  color: inherit; box-shadow: none; }
.capflow-chip .capflow-show { padding: 0 2px 0 10px; max-width: 220px; }
.capflow-chip .capflow-remove { padding: 0 8px 0 4px; opacity: .6; font-size: 0; }
.capflow-chip .capflow-remove i { font-size: 13px; line-height: 24px; margin: 0; vertical-align: top; }
.capflow-chip .capflow-remove:hover, .capflow-chip .capflow-remove:focus-visible { opacity: 1; }
.capflow-chip.capflow-chosen { border-color: var(--jp-brand-color1, #1976d2);
  background: color-mix(in srgb, var(--jp-brand-color1, #1976d2) 14%, transparent); }
.capflow-chip.capflow-chosen .capflow-show { font-weight: 600; }
.capflow-dashboard button:focus-visible, .capflow-dashboard input:focus-visible,
.capflow-dashboard select:focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2);
  outline-offset: -2px; border-radius: 3px; }
.capflow-dashboard .capflow-chip button:focus-visible { border-radius: 12px; }
.capflow-row .widget-button, .capflow-row > .widget-toggle-button { width: auto; padding: 0 10px; }
.capflow-row > .widget-dropdown, .capflow-row > .widget-text { width: auto; }
.capflow-row > .widget-dropdown select { width: 118px; flex: none; }
.capflow-row > .capflow-interval select, .capflow-row > .capflow-lang select,
.capflow-row > .capflow-theme select { width: 84px; }
.capflow-copying { flex-flow: row nowrap !important; align-items: center; overflow: hidden; }
.capflow-copying > .capflow-variable { width: auto; }
.capflow-copying > .capflow-variable input { width: 88px; flex: none; }
.capflow-row > .capflow-code input { width: 220px; flex: none; }
.capflow-row > .widget-toggle-buttons { width: auto; display: flex; flex-flow: row nowrap;
  align-items: center; }
.capflow-row > .widget-toggle-buttons > div { display: flex; flex-flow: row wrap; }
.capflow-row .widget-toggle-buttons .widget-toggle-button { width: auto; padding: 0 10px; margin: 1px; }
.capflow-row .widget-toggle-button { border-radius: 3px; box-shadow: none; }
.capflow-row .widget-toggle-button.mod-active { font-weight: 600; box-shadow: inset 0 -2px 0
  var(--jp-brand-color1, #1976d2); }
.capflow-lines { gap: 2px; overflow: hidden; }
.capflow-lines > .capflow-line { width: auto; padding: 0 8px; margin: 1px; font-size: 12px; }
.capflow-dashboard .widget-label { width: auto; min-width: 0; margin-right: 4px;
  color: var(--jp-ui-font-color2, inherit); }
.capflow-body { display: flex; flex-flow: row wrap !important; gap: 8px 20px; align-items: flex-start;
  overflow: hidden; }
.capflow-body > .capflow-figure { flex: 2 1 560px; width: auto; min-width: 0; max-width: 920px; height: auto;
  overflow: hidden; }
.capflow-figure .capflow-chart, .capflow-figure img { width: 100%; height: auto; margin: 0; }
.capflow-figure .capflow-title, .capflow-copying .widget-label {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.capflow-body > .capflow-ranking.capflow-ranking { flex: 1 1 500px; width: auto; min-width: 0;
  max-width: 700px; height: auto; max-height: 640px; overflow: auto; container-type: inline-size; }
@container (max-width: 490px) { table.capflow-table .capflow-bar { display: none; } }
table.capflow-table { border-collapse: collapse; width: 100%; border: none; margin: 0; table-layout: auto;
  font-variant-numeric: tabular-nums; font-size: 13px; line-height: 1.35; }
table.capflow-table tbody tr:nth-child(n), table.capflow-table tr { background: transparent; }
table.capflow-table th, table.capflow-table td { padding: 3px 5px; text-align: right; white-space: nowrap;
  border: none; border-bottom: 1px solid var(--jp-border-color2, rgba(128,128,128,.3));
  background: transparent; color: inherit; font-weight: normal; vertical-align: middle; }
table.capflow-table thead th { color: var(--jp-ui-font-color2, inherit); font-size: 12px; }
table.capflow-table th:first-child { text-align: left; }
table.capflow-table tbody th[scope=row] { font-weight: 600; }
table.capflow-table .capflow-name { display: block; font-weight: normal; font-size: 11.5px;
  color: var(--jp-ui-font-color2, inherit); max-width: 130px; overflow: hidden; text-overflow: ellipsis; }
table.capflow-table .capflow-currency th { text-align: left; font-size: 11px; letter-spacing: .06em;
  padding-top: 8px; color: var(--jp-ui-font-color2, inherit); }
table.capflow-table tr.capflow-chosen { box-shadow: inset 3px 0 0 var(--jp-brand-color1, #1976d2); }
table.capflow-table td.capflow-bad, table.capflow-table td.capflow-wait { text-align: left; max-width: 320px;
  overflow: hidden; text-overflow: ellipsis; }
table.capflow-table td.capflow-bad { color: var(--jp-error-color1, #b91c1c); }
table.capflow-table td.capflow-wait { color: var(--jp-ui-font-color2, inherit); }
.capflow-bar { position: relative; width: 52px; height: 10px;
  background: linear-gradient(var(--jp-border-color1, #999), var(--jp-border-color1, #999)) 50% 0 / 1px 100%
  no-repeat; }
.capflow-bar i { position: absolute; top: 1px; bottom: 1px; }
.capflow-notes { font-size: 11.5px; color: var(--jp-ui-font-color2, inherit); padding: 4px 6px; }
.capflow-facts { display: flex; flex-flow: row wrap; gap: 2px 14px; font-size: 12.5px; line-height: 1.6;
  color: var(--jp-ui-font-color2, inherit); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.capflow-message { overflow-wrap: anywhere; }
.capflow-link::before { content: "\\25cf"; margin-right: 5px; color: var(--jp-warn-color1, #d97706); }
.capflow-is-connected .capflow-link::before { color: var(--jp-success-color1, #15803d); }
.capflow-is-closed .capflow-link::before { color: var(--jp-error-color1, #b91c1c); }
.capflow-demo { font-weight: 700; color: var(--jp-warn-color0, #b45309); }
.capflow-download { color: var(--jp-content-link-color, #0b63c4); text-decoration: underline; }
.capflow-bad { color: var(--jp-error-color1, #b91c1c); }
.capflow-dashboard .widget-html, .capflow-dashboard .widget-html-content { height: auto; min-height: 0;
  line-height: 1.5; overflow: visible; }
</style>"""
