"""How a dashboard looks beside what all of ours has in common: its own style sheet."""

from __future__ import annotations

from pd_capflow import looks

__all__ = ["STYLE"]

#: Of a panel and of a still alike.
STYLE = (
    looks.STYLE
    + """<style>
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
.capflow-dashboard .capflow-chip button:focus-visible { border-radius: 12px; }
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
@container (max-width: 490px) { table.capflow-list .capflow-bar { display: none; } }
table.capflow-list .capflow-name { display: block; font-weight: normal; font-size: 11.5px;
  color: var(--jp-ui-font-color2, inherit); max-width: 130px; overflow: hidden; text-overflow: ellipsis; }
table.capflow-list tr.capflow-chosen { box-shadow: inset 3px 0 0 var(--jp-brand-color1, #1976d2); }
.capflow-bar { position: relative; width: 52px; height: 10px;
  background: linear-gradient(var(--jp-border-color1, #999), var(--jp-border-color1, #999)) 50% 0 / 1px 100%
  no-repeat; }
.capflow-bar i { position: absolute; top: 1px; bottom: 1px; }
.capflow-download { color: var(--jp-content-link-color, #0b63c4); text-decoration: underline; }
</style>"""
)
