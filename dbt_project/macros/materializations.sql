{#
    Tables and views of a work file that is thrown away. dbt's own materializations build beside the
    old relation, rename and drop, so that readers of a living warehouse never see half a table; here
    nobody reads, and that care costs more than most of the SQL. Contracts are enforced as ever: names
    and types of the columns are compared before anything is written.
#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {{ return(create_or_replace('table')) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {{ return(create_or_replace('view')) }}
{% endmaterialization %}

{% macro create_or_replace(relation_type) %}
    {% set relation = this.incorporate(type=relation_type) %}
    {{ run_hooks(pre_hooks) }}
    {% if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
    {% endif %}
    {% call statement('main') %}
        create or replace {{ relation_type }} {{ relation }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmacro %}
