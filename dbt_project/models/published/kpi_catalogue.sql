with

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

-- one row per KPI that `kpi` holds; a KPI is renamed, added and dropped here and there together
select
    run_context.as_of,
    catalogue.kpi,
    catalogue.title,
    catalogue.family,
    catalogue.formula,
    catalogue.unit,
    catalogue.good_direction,
    catalogue.owner,
    catalogue.is_additive,
    catalogue.source_tables,
    catalogue.spec_note
from (
    values
    (
        'aged_inventory_share', 'Share of aged stock', 'stock',
        'aged stock / owned stock on hand',
        'share', 'down', 'inventory manager', true,
        'unit, stock_movement, receipt',
        'As aged stock'
    ),
    (
        'aged_inventory_value', 'Aged stock', 'stock',
        'stock at cost that is older than aged_after_days',
        'money', 'down', 'inventory manager', true,
        'unit, stock_movement, receipt',
        'Units by their own age, the rest first in, first out'
    ),
    (
        'allocation_churn', 'Churn of allocation', 'segment',
        'sum of |quota less quota before| / sum of quotas before',
        'share', 'down', 'sales planner', true,
        'allocation',
        'Against the release before; the common pool is left out'
    ),
    (
        'availability_rate', 'Availability rate', 'service',
        'requests for which a unit that the customer would accept stood within reach on the day '
        || '/ requests of which that can be told',
        'share', 'up', 'sales planner', true,
        'customer_request, unit, demand_line, location',
        'Needs the feed of requests; orders alone are no substitute'
    ),
    (
        'average_inventory', 'Average inventory', 'stock',
        'daily stock at cost summed / days of stock history',
        'money', 'down', 'finance controller', false,
        'stock_movement, item',
        'Average of days, not of ends of months'
    ),
    (
        'backorder_rate', 'Backorder rate', 'service',
        'units not there at the request that came later or are still due '
        || '/ units requested with a recorded fill',
        'share', 'down', 'supply planner', true,
        'demand_line',
        'A lost sale is no backorder'
    ),
    (
        'carrying_cost', 'Carrying cost', 'cost',
        'daily stock at cost * yearly holding rate / 365, summed',
        'money', 'down', 'finance controller', true,
        'stock_movement, item, cost_parameter',
        'One rate for capital, storage, insurance and loss'
    ),
    (
        'carrying_cost_rate', 'Carrying cost rate', 'cost',
        'yearly carrying cost / average stock at cost',
        'share per year', 'down', 'finance controller', true,
        'stock_movement, item, cost_parameter',
        'Capital cost and floor plan are not counted twice'
    ),
    (
        'customer_satisfaction', 'Customer satisfaction', 'service',
        'sum of overall scores / answers',
        'score 1 to 5', 'up', 'sales planner', true,
        'survey_response',
        'None below 30 answers, and none without a survey'
    ),
    (
        'customer_satisfaction_share', 'Satisfied customers', 'service',
        'overall answers of 4 and 5 / answers',
        'share', 'up', 'sales planner', true,
        'survey_response',
        'None below 30 answers, and none without a survey'
    ),
    (
        'days_cover', 'Days of cover ahead', 'stock',
        'largest n whose forecast of n days at cost is at most the stock that can be sold at cost',
        'days', 'none', 'inventory manager', false,
        'stock_on_hand, unit, forecast',
        'None where stock outlasts the forecast'
    ),
    (
        'days_in_inventory', 'Days in inventory', 'stock',
        '365 / inventory turnover',
        'days', 'down', 'inventory manager', false,
        'demand_line, stock_movement, item, unit',
        'None without sales'
    ),
    (
        'days_supply', 'Days of supply', 'stock',
        'units that can be sold now / units sold per calendar day of the window',
        'days', 'none', 'inventory manager', true,
        'stock_on_hand, unit, demand_line',
        'Looks back; units that count in no KPI are left out'
    ),
    (
        'days_supply_forward', 'Days of supply ahead', 'stock',
        'stock that can be sold at cost / daily forecast at cost of the next four weeks',
        'days', 'none', 'inventory manager', true,
        'stock_on_hand, unit, forecast',
        'Looks ahead; in transit is not counted'
    ),
    (
        'days_supply_selling', 'Days of supply, selling days', 'stock',
        'units that can be sold now / units sold per selling day of the window',
        'days', 'none', 'inventory manager', true,
        'stock_on_hand, unit, demand_line, calendar',
        'None without a calendar'
    ),
    (
        'delivery_days_mean', 'Days to delivery, mean', 'service',
        'days from the wanted day to the delivery, summed / delivered lines',
        'days', 'down', 'sales planner', true,
        'demand_line',
        'Delivered lines; who asks for later does not wait'
    ),
    (
        'delivery_days_p50', 'Days to delivery, median', 'service',
        'smallest number of days within which half of the delivered lines came',
        'days', 'down', 'sales planner', false,
        'demand_line',
        'A quantile, never added up'
    ),
    (
        'delivery_days_p90', 'Days to delivery, P90', 'service',
        'smallest number of days within which nine of ten delivered lines came',
        'days', 'down', 'sales planner', false,
        'demand_line',
        'A quantile, never added up'
    ),
    (
        'excess_share', 'Share of excess stock', 'stock',
        'excess stock / stock on hand, at cost',
        'share', 'down', 'inventory manager', true,
        'stock_on_hand, policy, forecast',
        'As excess stock'
    ),
    (
        'excess_value', 'Excess stock', 'stock',
        'on hand above the order-up-to level, where the position is above excess_factor '
        || 'times it and covers excess_cover_days of demand',
        'money', 'down', 'inventory manager', true,
        'stock_on_hand, policy, forecast',
        'The rule of the exception excess'
    ),
    (
        'expedite_rate', 'Expedite rate', 'cost',
        'expedited receipts / receipts from suppliers that say so',
        'share', 'down', 'buyer', true,
        'receipt, supply_order',
        'Receipts from other locations are left out'
    ),
    (
        'forecast_bias_1w', 'Forecast bias, one week ahead', 'forecast',
        '(sum of forecasts less sum of actuals) / sum of actuals',
        'share', 'none', 'demand planner', true,
        'forecast_accuracy',
        'Above zero the forecast was too high; nought is best'
    ),
    (
        'forecast_bias_4w', 'Forecast bias, four weeks ahead', 'forecast',
        '(sum of forecasts less sum of actuals) / sum of actuals',
        'share', 'none', 'demand planner', true,
        'forecast_accuracy',
        'Above zero the forecast was too high; nought is best'
    ),
    (
        'forecast_mape_1w', 'Forecast MAPE, one week ahead', 'forecast',
        'sum of |forecast less actual| / actual over actuals above zero / their number',
        'share', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Weeks without demand are left out'
    ),
    (
        'forecast_mape_4w', 'Forecast MAPE, four weeks ahead', 'forecast',
        'sum of |forecast less actual| / actual over actuals above zero / their number',
        'share', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Weeks without demand are left out'
    ),
    (
        'forecast_mase_1w', 'Forecast MASE, one week ahead', 'forecast',
        'sum of |forecast less actual| / that of taking the week before, within the history',
        'ratio', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Below one is better than the week before'
    ),
    (
        'forecast_mase_4w', 'Forecast MASE, four weeks ahead', 'forecast',
        'sum of |forecast less actual| / that of taking the week before, within the history',
        'ratio', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Below one is better than the week before'
    ),
    (
        'forecast_wape_1w', 'Forecast WAPE, one week ahead', 'forecast',
        'sum of |forecast less actual| / sum of actuals',
        'share', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Per item-location and week'
    ),
    (
        'forecast_wape_4w', 'Forecast WAPE, four weeks ahead', 'forecast',
        'sum of |forecast less actual| / sum of actuals',
        'share', 'down', 'demand planner', true,
        'forecast_accuracy',
        'Per item-location and week'
    ),
    (
        'gmroi', 'GMROI', 'cost',
        'yearly gross margin / average stock at cost',
        'ratio', 'up', 'finance controller', false,
        'demand_line, stock_movement, item',
        'None without stock or prices'
    ),
    (
        'gross_margin', 'Gross margin', 'cost',
        'revenue less cost of shipped lines with a price',
        'money', 'up', 'finance controller', true,
        'demand_line',
        'Lines without a price are left out on both sides'
    ),
    (
        'gross_margin_rate', 'Gross margin rate', 'cost',
        'gross margin / revenue',
        'share', 'up', 'finance controller', true,
        'demand_line',
        'As gross margin'
    ),
    (
        'inventory_cash', 'Cash tied in stock', 'cash',
        'inventory investment less units on hand that a floor plan has paid for',
        'money', 'down', 'finance controller', true,
        'stock_on_hand, unit, supply_order, item',
        'Credit of suppliers is told by no source table and not deducted'
    ),
    (
        'inventory_investment', 'Inventory investment', 'stock',
        'owned stock at cost, units at their invoice, with what is in transit between own locations',
        'money', 'down', 'finance controller', true,
        'stock_on_hand, unit, supply_order, item',
        'Stock of customers is left out; negative stock is nought'
    ),
    (
        'inventory_turnover', 'Inventory turnover', 'stock',
        'cost of sales in the window * 365 / days of stock history / average daily stock at cost',
        'turns per year', 'up', 'inventory manager', false,
        'demand_line, stock_movement, item, unit',
        'Average of daily stock, never its end; units that count in no KPI are left out on both sides'
    ),
    (
        'line_fill_rate', 'Line fill rate', 'service',
        'lines wholly filled at the request / lines with a recorded fill',
        'share', 'up', 'supply planner', true,
        'demand_line',
        'A partly filled line is not filled'
    ),
    (
        'mto_cancellation_rate', 'Cancellation rate', 'mto',
        'cancelled orders / orders delivered or cancelled in the period',
        'share', 'down', 'order manager', true,
        'mto_order',
        'By the day of the end'
    ),
    (
        'mto_capital_efficiency', 'Capital efficiency', 'mto',
        'return on capital made to order / return on capital made to stock',
        'ratio', 'up', 'finance controller', false,
        'mto_order, order_cost, demand_line, stock_movement',
        'The one ratio of two ratios; both are told beside it'
    ),
    (
        'mto_change_request_rate', 'Change request rate', 'mto',
        'confirmed orders with a change asked for by the customer after the confirmation / confirmed orders',
        'share', 'down', 'order manager', true,
        'mto_order, mto_change_request',
        'Changes of the house are told apart'
    ),
    (
        'mto_changes_per_order', 'Changes per order', 'mto',
        'changes asked for by customers after the confirmation / confirmed orders',
        'changes per order', 'down', 'order manager', true,
        'mto_order, mto_change_request',
        'As the change request rate'
    ),
    (
        'mto_configuration_accuracy', 'Configuration accuracy', 'mto',
        'delivered orders built exactly as last agreed / delivered orders with a recorded build',
        'share', 'up', 'quality manager', true,
        'mto_order, mto_change_request',
        'Approved changes move the reference'
    ),
    (
        'mto_configuration_coverage', 'Coverage of configuration accuracy', 'mto',
        'delivered orders with a recorded build / delivered orders',
        'share', 'up', 'quality manager', true,
        'mto_order',
        'Beside configuration accuracy'
    ),
    (
        'mto_cost_per_delivered_order', 'Cost per delivered order', 'mto',
        'booked administration and coordination / delivered orders with booked costs',
        'money per order', 'down', 'finance controller', true,
        'order_cost',
        'As booked, nothing is allocated'
    ),
    (
        'mto_cost_per_order', 'Cost per order', 'mto',
        'booked administration and coordination / confirmed orders with booked costs',
        'money per order', 'down', 'finance controller', true,
        'order_cost',
        'As booked, nothing is allocated'
    ),
    (
        'mto_defects_per_unit', 'Defects per unit', 'mto',
        'defects before the handover / units built',
        'defects per unit', 'down', 'quality manager', true,
        'mto_order, quality_event',
        'As first time right'
    ),
    (
        'mto_early_rate', 'Early deliveries', 'mto',
        'orders delivered more than mto_early_days before the first promise / orders due by it',
        'share', 'none', 'order manager', true,
        'mto_order, mto_promise',
        'They count as on time as well'
    ),
    (
        'mto_escaped_defects_per_unit', 'Escaped defects per unit', 'mto',
        'defects within thirty days of the handover / units delivered at least thirty days ago',
        'defects per unit', 'down', 'quality manager', true,
        'mto_order, quality_event',
        'Younger deliveries are not judged yet'
    ),
    (
        'mto_exception_rate', 'Exception rate', 'mto',
        'orders with at least one exception / orders open at some time in the period',
        'share', 'down', 'order manager', true,
        'mto_order, quality_event, mto_promise, mto_milestone',
        'Quality events, promises that slipped, late, stuck or silent'
    ),
    (
        'mto_exception_resolution_days', 'Days to resolve an exception', 'mto',
        'days from opening to closing / closed quality events, of orders open at some time in the period',
        'days', 'down', 'quality manager', true,
        'quality_event',
        'Open events have no end yet'
    ),
    (
        'mto_exceptions_per_order', 'Exceptions per order', 'mto',
        'exceptions / orders open at some time in the period',
        'exceptions per order', 'down', 'order manager', true,
        'mto_order, quality_event, mto_promise, mto_milestone',
        'As the exception rate'
    ),
    (
        'mto_expedite_rate', 'Expedite rate, made to order', 'mto',
        'closed orders that cost something to speed up / closed orders with booked costs',
        'share', 'down', 'order manager', true,
        'mto_order, order_cost',
        'None without booked costs'
    ),
    (
        'mto_first_time_right', 'First time right', 'mto',
        'built without a hold and without rework / built',
        'share', 'up', 'quality manager', true,
        'mto_order, quality_event, mto_milestone',
        'A delivered order counts on its day of delivery'
    ),
    (
        'mto_internal_change_rate', 'Rate of changes by the house', 'mto',
        'confirmed orders with a change by the house after the confirmation / confirmed orders',
        'share', 'down', 'order manager', true,
        'mto_order, mto_change_request',
        'Apart from those of customers'
    ),
    (
        'mto_lead_time_bias_days', 'Lead time bias', 'mto',
        'sum of (delivery less first estimate) / delivered orders',
        'days', 'none', 'order manager', true,
        'mto_order, mto_promise',
        'Above zero is later than estimated; nought is best'
    ),
    (
        'mto_lead_time_mae_days', 'Lead time error', 'mto',
        'sum of |delivery less first estimate| / delivered orders',
        'days', 'down', 'order manager', true,
        'mto_order, mto_promise',
        'The estimate is the P50 of the first promise, else the promise of the source'
    ),
    (
        'mto_lead_time_within_tolerance', 'Lead time within tolerance', 'mto',
        'deliveries within mto_accuracy_days of the first estimate '
        || '/ deliveries and open orders that are later',
        'share', 'up', 'order manager', true,
        'mto_order, mto_promise',
        'An open order past its estimate is a miss'
    ),
    (
        'mto_margin_performance', 'Margin performance', 'mto',
        'actual margin / planned margin, delivered orders with both',
        'ratio', 'up', 'finance controller', true,
        'mto_order, order_cost',
        'None without booked costs'
    ),
    (
        'mto_margin_rate', 'Margin rate', 'mto',
        'revenue less booked cost / revenue, delivered orders with booked costs',
        'share', 'up', 'finance controller', true,
        'mto_order, order_cost',
        'None without booked costs'
    ),
    (
        'mto_margin_variance_cost', 'Margin variance by cost', 'mto',
        'planned and changed less actual cost',
        'money', 'up', 'finance controller', true,
        'mto_order, order_cost, mto_change_request',
        'Part of actual less planned margin'
    ),
    (
        'mto_margin_variance_price', 'Margin variance by price', 'mto',
        'final less quoted and changed price',
        'money', 'up', 'finance controller', true,
        'mto_order, order_cost, mto_change_request',
        'Part of actual less planned margin'
    ),
    (
        'mto_margin_variance_spec', 'Margin variance by specification', 'mto',
        'agreed changes at the planned margin',
        'money', 'none', 'finance controller', true,
        'mto_order, order_cost, mto_change_request',
        'Part of actual less planned margin'
    ),
    (
        'mto_on_time_current', 'On time by the last promise', 'mto',
        'orders delivered by the promise that held at the end / orders due by it',
        'share', 'up', 'order manager', true,
        'mto_order, mto_promise',
        'Beside the first promise, never instead of it'
    ),
    (
        'mto_on_time_first', 'On time by the first promise', 'mto',
        'orders delivered by their first promise / orders due by it, delivered or not',
        'share', 'up', 'order manager', true,
        'mto_order, mto_promise',
        'An open overdue order is late; postponed by the customer, or cancelled before, is left out'
    ),
    (
        'mto_order_completion_lower_bound', 'Completion, lower bound', 'mto',
        'of the orders confirmed in the period: delivered / all',
        'share', 'up', 'order manager', true,
        'mto_order',
        'Holds at any age of the cohort'
    ),
    (
        'mto_order_completion_rate', 'Completion of orders made to order', 'mto',
        'of the orders confirmed in the period: delivered / (delivered + cancelled)',
        'share', 'up', 'order manager', true,
        'mto_order',
        'By cohort of confirmation; none while more are open than closed'
    ),
    (
        'mto_p50_coverage', 'Coverage of expected dates', 'mto',
        'orders delivered by their P50 / orders due by it',
        'share', 'none', 'order manager', true,
        'mto_promise',
        'Right is 50 %; own promises alone'
    ),
    (
        'mto_p90_coverage', 'Coverage of promised dates', 'mto',
        'orders delivered by their P90 / orders due by it',
        'share', 'none', 'order manager', true,
        'mto_promise',
        'Right is 90 %; own promises alone'
    ),
    (
        'mto_pdi_failures_per_unit', 'Failures at preparation per unit', 'mto',
        'failures at the preparation for handover / units built',
        'failures per unit', 'down', 'quality manager', true,
        'mto_order, quality_event',
        'As first time right'
    ),
    (
        'mto_postponed_share', 'Postponed by the customer', 'mto',
        'orders due whose customer was granted a later date / orders due by the first promise',
        'share', 'none', 'order manager', true,
        'mto_order, mto_change_request',
        'Left out of the on-time rate'
    ),
    (
        'mto_price_error', 'Price error', 'mto',
        'sum of |final less quoted and agreed price| / sum of quoted prices',
        'share', 'down', 'sales planner', true,
        'mto_order, mto_change_request',
        'Changes that the customer agreed to are taken out'
    ),
    (
        'mto_price_error_with_changes', 'Price error with changes', 'mto',
        'sum of |final less quoted price| / sum of quoted prices',
        'share', 'down', 'sales planner', true,
        'mto_order',
        'Changes are left in'
    ),
    (
        'mto_pricing_accuracy', 'Pricing accuracy', 'mto',
        'orders whose final price is the quote with agreed changes, up to '
        || 'mto_price_tolerance_share / delivered orders with a final price',
        'share', 'up', 'sales planner', true,
        'mto_order, mto_change_request',
        'Changes that the customer agreed to are taken out'
    ),
    (
        'mto_pricing_accuracy_with_changes', 'Pricing accuracy with changes', 'mto',
        'orders whose final price is the quote, up to mto_price_tolerance_share '
        || '/ delivered orders with a final price',
        'share', 'up', 'sales planner', true,
        'mto_order',
        'Changes are left in'
    ),
    (
        'mto_return_on_capital', 'Return on capital, made to order', 'mto',
        'margin * 365 / capital days of the orders delivered with booked costs',
        'ratio per year', 'up', 'finance controller', true,
        'mto_order, order_cost',
        'Booked costs tie capital from their day on, deposits release it'
    ),
    (
        'mts_order_completion_rate', 'Completion of orders from stock', 'service',
        'orders of which every line left stock by its due day, none cancelled / orders due',
        'share', 'up', 'supply planner', true,
        'demand_line',
        'By the due day, not at the request as the order fill rate'
    ),
    (
        'mts_return_on_capital', 'Return on capital, made to stock', 'cost',
        'gross margin * 365 / daily stock at cost summed',
        'ratio per year', 'up', 'finance controller', false,
        'demand_line, stock_movement, item',
        'Beside that of orders made to order, in scopes that have both'
    ),
    (
        'obsolete_share', 'Share of obsolete stock', 'stock',
        'obsolete stock / owned stock on hand',
        'share', 'down', 'inventory manager', true,
        'unit, stock_movement, demand_line',
        'As obsolete stock'
    ),
    (
        'obsolete_value', 'Obsolete stock', 'stock',
        'stock at cost older than obsolete_after_days, and all of an item-location where '
        || 'some is and nobody asked for it in as long',
        'money', 'down', 'inventory manager', true,
        'unit, stock_movement, demand_line',
        'New stock that nobody has asked for yet is not obsolete'
    ),
    (
        'order_fill_rate', 'Order fill rate', 'service',
        'orders wholly filled at the request / orders with a recorded fill',
        'share', 'up', 'supply planner', true,
        'demand_line',
        'An order is what one order asks of one location'
    ),
    (
        'policy_churn', 'Churn of policies', 'stock',
        'sum of |order-up-to level less level before| at cost / sum of levels before at cost',
        'share', 'down', 'supply manager', true,
        'policy',
        'Against the release before; a new policy was not moved'
    ),
    (
        'roi_net', 'Net return on stock', 'cost',
        'yearly (gross margin less carrying cost) / average stock at cost',
        'ratio', 'up', 'finance controller', false,
        'demand_line, stock_movement, item, cost_parameter',
        'Transfers and markdowns are told by no source table and not deducted'
    ),
    (
        'satisfaction_availability', 'Satisfaction with availability', 'service',
        'sum of scores of the availability question / answers',
        'score 1 to 5', 'up', 'sales planner', true,
        'survey_response',
        'None below 30 answers, and none without a survey'
    ),
    (
        'satisfaction_delivery', 'Satisfaction with delivery', 'service',
        'sum of scores of the delivery question / answers',
        'score 1 to 5', 'up', 'sales planner', true,
        'survey_response',
        'None below 30 answers, and none without a survey'
    ),
    (
        'segment_borrow_share', 'Borrow share', 'segment',
        'units taken from the common pool / units taken, since the release before',
        'share', 'none', 'sales planner', true,
        'allocation_ledger',
        'None where nothing was taken'
    ),
    (
        'segment_quota_use', 'Use of quotas', 'segment',
        'units ever consumed / units ever allocated',
        'share', 'up', 'sales planner', true,
        'allocation',
        'Above one where a segment borrowed'
    ),
    (
        'segment_unused_at_expiry', 'Quota unused at expiry', 'segment',
        'units of quota taken back unused since the release before',
        'units', 'down', 'sales planner', true,
        'allocation_ledger',
        'What a quota gives back when it is cut or made anew'
    ),
    (
        'stockout_incidents', 'Stock-out incidents', 'service',
        'times that ranged stock fell from above zero to zero',
        'incidents', 'down', 'supply planner', true,
        'stock_movement, item_location',
        'An item-location that starts without stock has none'
    ),
    (
        'stockout_rate', 'Stock-out rate', 'service',
        'ranged item-location-days without stock / ranged item-location-days, on selling days',
        'share', 'down', 'supply planner', true,
        'stock_movement, item_location, calendar',
        'Closed days are left out'
    ),
    (
        'stockout_rate_demand_weighted', 'Stock-out rate, weighted by demand', 'service',
        'the stock-out rate with each item-location weighted by what is asked for there',
        'share', 'down', 'supply planner', true,
        'stock_movement, item_location, calendar, demand_line',
        'Weights are the demand of the longest window'
    ),
    (
        'survey_response_rate', 'Response rate of surveys', 'service',
        'surveys answered / surveys sent',
        'share', 'up', 'sales planner', true,
        'survey_response',
        'None without a survey'
    ),
    (
        'unit_fill_rate', 'Unit fill rate', 'service',
        'units filled from stock at the request / units requested with a recorded fill',
        'share', 'up', 'supply planner', true,
        'demand_line',
        'Cancellations for lack of stock stay in the denominator'
    )
)
    as catalogue (
        kpi,
        title,
        family,
        formula,
        unit,
        good_direction,
        owner,
        is_additive,
        source_tables,
        spec_note
    )
cross join run_context
